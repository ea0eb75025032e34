//! The loopback server as a process of its own.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// A server that ends when it is dropped.
pub(crate) struct Server {
    child: Child,
    /// Its base address.
    pub(crate) url: String,
}

impl Server {
    /// Starts a server whose replies take this long.
    pub(crate) fn start(latency_ms: u32) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_loopback"))
            .args(["--port", "0", "--latency-ms", &latency_ms.to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .expect("the loopback server starts");
        let mut line = String::new();
        let out = child.stdout.take().expect("its output");
        BufReader::new(out)
            .read_line(&mut line)
            .expect("its first line");
        let url = line.trim().rsplit(' ').next().unwrap_or_default();
        Self {
            url: url.to_owned(),
            child,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}
