//! A plain HTTP/1.1 client, for tests that look at the bytes.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// How long it waits for bytes before it calls the server stuck.
const PATIENCE: Duration = Duration::from_secs(20);

/// One reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Received {
    /// Status code.
    pub status: u16,
    /// Headers in order, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: String,
}

impl Received {
    /// Value of a header; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// The body as JSON; null when it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }
}

/// A client with one connection that it keeps.
#[derive(Debug)]
pub struct Client {
    address: SocketAddr,
    /// Headers of every request.
    pub headers: Vec<(String, String)>,
    stream: Option<BufReader<TcpStream>>,
}

impl Client {
    /// A client of the server at `address`; it connects when it sends.
    pub fn new(address: SocketAddr) -> Self {
        Self {
            address,
            headers: Vec::new(),
            stream: None,
        }
    }

    /// Asks for a completion.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub fn chat(&mut self, request: &Value) -> io::Result<Received> {
        self.send("POST", "/v1/chat/completions", &request.to_string())
    }

    /// Asks for a page.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub fn get(&mut self, path: &str) -> io::Result<Received> {
        self.send("GET", path, "")
    }

    /// Sends one request and reads the reply.
    ///
    /// # Errors
    /// When the connection fails, is silent for 20 seconds, or ends before the reply does
    /// ([`io::ErrorKind::UnexpectedEof`]); the next request then opens a new one.
    pub fn send(&mut self, method: &str, path: &str, body: &str) -> io::Result<Received> {
        let mut stream = match self.stream.take() {
            Some(stream) => stream,
            None => {
                let stream = TcpStream::connect(self.address)?;
                stream.set_nodelay(true)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                BufReader::new(stream)
            }
        };
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\n", self.address);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("content-length: {}\r\n\r\n{body}", body.len()));
        stream.get_mut().write_all(head.as_bytes())?;
        let received = read(&mut stream)?;
        self.stream = Some(stream);
        Ok(received)
    }
}

fn bad(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

fn line(stream: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    stream.read_line(&mut line)?;
    match line.strip_suffix("\r\n") {
        Some(line) => Ok(line.to_owned()),
        None => Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
    }
}

fn read(stream: &mut impl BufRead) -> io::Result<Received> {
    let first = line(stream)?;
    let status = first
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .ok_or_else(|| bad("expected a status line"))?;
    let mut headers = Vec::new();
    let mut length = 0;
    loop {
        let line = line(stream)?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line
            .split_once(':')
            .ok_or_else(|| bad("expected a header"))?;
        let (name, value) = (name.to_lowercase(), value.trim().to_owned());
        if name == "content-length" {
            length = value.parse().map_err(|_| bad("expected a length"))?;
        }
        headers.push((name, value));
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok(Received {
        status,
        headers,
        body: String::from_utf8(body).map_err(|_| bad("expected UTF-8"))?,
    })
}
