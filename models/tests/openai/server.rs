//! A server for tests: it answers chat completions as it is told and remembers what it saw.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// What comes of a request.
#[derive(Clone)]
pub(crate) enum Answer {
    /// A whole reply: status, further header lines, body.
    Whole(u16, &'static str, String),
    /// As [`Answer::Whole`] with status 200, after a time.
    After(Duration, String),
    /// The connection is closed without a word.
    Drop,
    /// The beginning of a body, then the connection is closed.
    Half(&'static str),
    /// The beginning of a body, then nothing more.
    Stall(&'static str),
    /// Nothing ever.
    Never,
}

/// A reply with this text and 10 + 2 tokens.
pub(crate) fn text(text: &str) -> String {
    let choice = serde_json::json!({"index": 0, "finish_reason": "stop",
        "message": {"role": "assistant", "content": text}});
    let usage = serde_json::json!({"prompt_tokens": 10, "completion_tokens": 2});
    serde_json::json!({"id": "x", "object": "chat.completion", "created": 1, "model": "m",
        "choices": [choice], "usage": usage})
    .to_string()
}

pub(crate) fn ok(reply: &str) -> Answer {
    Answer::Whole(200, "", text(reply))
}

pub(crate) fn status(status: u16, body: &str) -> Answer {
    Answer::Whole(status, "", body.to_owned())
}

type Script = Box<dyn Fn(usize, &str) -> Answer + Send + Sync>;

pub(crate) struct Server {
    pub(crate) url: String,
    seen: Arc<Seen>,
}

struct Seen {
    start: Instant,
    script: Script,
    requests: Mutex<Vec<(Duration, String)>>,
    open: AtomicUsize,
    most_open: AtomicUsize,
    left: AtomicUsize,
}

impl Server {
    /// A server that answers request number `n` with `script(n, request)`.
    pub(crate) async fn start(
        script: impl Fn(usize, &str) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let seen = Arc::new(Seen {
            start: Instant::now(),
            script: Box::new(script),
            requests: Mutex::default(),
            open: AtomicUsize::new(0),
            most_open: AtomicUsize::new(0),
            left: AtomicUsize::new(0),
        });
        let shared = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(Arc::clone(&shared).serve(stream));
            }
        });
        Self { url, seen }
    }

    /// A server that answers with these, one after another, and with the last one from then on.
    pub(crate) async fn answering(answers: impl Into<Vec<Answer>>) -> Self {
        let answers = answers.into();
        Self::start(move |number, _| answers[number.min(answers.len() - 1)].clone()).await
    }

    /// The requests with head and body, as they came.
    pub(crate) fn requests(&self) -> Vec<String> {
        let requests = self.seen.requests.lock().unwrap();
        requests.iter().map(|(_, text)| text.clone()).collect()
    }

    /// When they came, from the start of the server.
    pub(crate) fn times(&self) -> Vec<Duration> {
        let requests = self.seen.requests.lock().unwrap();
        requests.iter().map(|(at, _)| *at).collect()
    }

    pub(crate) fn count(&self) -> usize {
        self.seen.requests.lock().unwrap().len()
    }

    pub(crate) fn most_open(&self) -> usize {
        self.seen.most_open.load(Ordering::SeqCst)
    }

    /// How many clients left before they were answered.
    pub(crate) fn left(&self) -> usize {
        self.seen.left.load(Ordering::SeqCst)
    }
}

impl Seen {
    async fn serve(self: Arc<Self>, mut stream: TcpStream) {
        while let Some(request) = read_request(&mut stream).await {
            let number = {
                let mut requests = self.requests.lock().unwrap();
                requests.push((self.start.elapsed(), request.clone()));
                requests.len() - 1
            };
            let open = self.open.fetch_add(1, Ordering::SeqCst) + 1;
            self.most_open.fetch_max(open, Ordering::SeqCst);
            let goes_on = self
                .answer(&mut stream, (self.script)(number, &request))
                .await;
            self.open.fetch_sub(1, Ordering::SeqCst);
            if !goes_on {
                return;
            }
        }
    }

    async fn answer(&self, stream: &mut TcpStream, answer: Answer) -> bool {
        let head = |status: u16, headers: &str, length: usize| {
            format!(
                "HTTP/1.1 {status} X\r\nContent-Type: application/json\r\n\
                 Content-Length: {length}\r\n{headers}\r\n"
            )
        };
        let (reply, stays) = match answer {
            Answer::Whole(status, headers, body) => {
                (head(status, headers, body.len()) + &body, false)
            }
            Answer::After(time, body) => {
                sleep(time).await;
                (head(200, "", body.len()) + &body, false)
            }
            Answer::Drop => return false,
            Answer::Half(body) => {
                let reply = head(200, "", 1000) + body;
                let _ = stream.write_all(reply.as_bytes()).await;
                return false;
            }
            Answer::Stall(body) => (head(200, "", 1000) + body, true),
            Answer::Never => (String::new(), true),
        };
        if stream.write_all(reply.as_bytes()).await.is_err() {
            return false;
        }
        if stays && stream.read(&mut [0]).await.is_ok_and(|read| read == 0) {
            self.left.fetch_add(1, Ordering::SeqCst);
        }
        !stays
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            let is_length = name.eq_ignore_ascii_case("content-length");
            is_length.then(|| value.trim().parse::<usize>().ok())?
        });
        if body.len() >= length.unwrap_or(0) {
            return Some(text.into_owned());
        }
    }
}

/// A server whose certificate nobody trusts: its URL, and how many clients came.
pub(crate) async fn start_untrusted() -> (String, Arc<AtomicUsize>) {
    let pem: &[u8] = include_bytes!("untrusted.pem");
    let certificate = CertificateDer::from_pem_slice(pem).unwrap();
    let key = PrivateKeyDer::from_pem_slice(pem).unwrap();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/v1", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            count.fetch_add(1, Ordering::SeqCst);
            assert!(acceptor.accept(stream).await.is_err());
        }
    });
    (url, connections)
}
