//! Starting and stopping the server.

use std::future::IntoFuture;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::pin::pin;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;

use super::connection::{Door, Line};
use super::journal::{Counts, Seen};
use super::serve::{Shared, pages};
use super::settings::{Settings, SettingsError};

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The settings cannot be used.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Its thread or runtime cannot be made.
    #[error("cannot run the server")]
    Run(#[source] io::Error),
}

/// A server that runs on a thread of its own and stops when it is dropped.
///
/// # Examples
/// ```
/// use rounds_tests::loopback::{Client, Fault, FaultPlan, Loopback, Settings};
///
/// let server = Loopback::start(Settings {
///     faults: FaultPlan::first(&[Fault::TooManyRequests]),
///     ..Settings::default()
/// })?;
/// let request = serde_json::json!({
///     "model": "loopback",
///     "messages": [{"role": "user", "content": "AGREE or DISAGREE"}],
/// });
/// let mut client = Client::new(server.address());
/// assert_eq!(client.chat(&request)?.status, 429);
/// assert_eq!(client.chat(&request)?.status, 200);
/// assert_eq!(server.counts().requests, 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Loopback {
    address: SocketAddr,
    shared: Arc<Shared>,
    /// Told how long replies that are under way may take to their end.
    end: Option<oneshot::Sender<Duration>>,
    thread: Option<JoinHandle<()>>,
}

impl Loopback {
    /// Starts a server; it takes connections when this returns.
    ///
    /// # Errors
    /// [`StartError`] for settings that make no sense, an address that other machines could
    /// reach, and a port that is taken.
    pub fn start(settings: Settings) -> Result<Self, StartError> {
        let wanted = SocketAddr::new(settings.address, settings.port);
        let shared = Arc::new(Shared::new(settings)?);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(StartError::Run)?;
        let listen = || {
            let listener = TcpListener::bind(wanted)?;
            listener.set_nonblocking(true)?;
            let _inside = runtime.enter();
            let listener = tokio::net::TcpListener::from_std(listener)?;
            Ok((listener.local_addr()?, listener))
        };
        let (address, listener) = listen().map_err(|source| StartError::Listen {
            address: wanted,
            source,
        })?;
        let (end, ended) = oneshot::channel();
        let serving = serve(listener, Arc::clone(&shared), ended);
        let thread = std::thread::Builder::new()
            .name("loopback".to_owned())
            .spawn(move || runtime.block_on(serving))
            .map_err(StartError::Run)?;
        Ok(Self {
            address,
            shared,
            end: Some(end),
            thread: Some(thread),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Base of its addresses, as clients of the protocol want it: `http://127.0.0.1:PORT/v1`.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Numbers over all requests.
    pub fn counts(&self) -> Counts {
        self.shared.journal.counts()
    }

    /// The latest requests for completions, in order of arrival.
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.journal.seen()
    }

    /// Forgets all requests and attempts, as if it had just started.
    pub fn reset(&self) {
        self.shared.journal.reset();
    }

    /// Takes no more connections, waits up to `within` for replies that are under way, and stops;
    /// the numbers at the end.
    pub fn finish(mut self, within: Duration) -> Counts {
        self.stop(within);
        self.counts()
    }

    fn stop(&mut self, within: Duration) {
        if let Some(end) = self.end.take() {
            // It is gone when serving ended by itself.
            let _ = end.send(within);
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        self.stop(Duration::ZERO);
    }
}

async fn serve(
    listener: tokio::net::TcpListener,
    shared: Arc<Shared>,
    ended: oneshot::Receiver<Duration>,
) {
    let (close, closed) = oneshot::channel::<()>();
    let service = pages(shared).into_make_service_with_connect_info::<Line>();
    let serving = axum::serve(Door(listener), service).with_graceful_shutdown(async move {
        let _ = closed.await;
    });
    let mut serving = pin!(serving.into_future());
    let within = tokio::select! {
        _ = &mut serving => return,
        within = ended => within.unwrap_or_default(),
    };
    drop(close);
    let _ = tokio::time::timeout(within, serving).await;
}
