//! A chat-completions server on this machine, for trying scenarios without a language model.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program speaks to people"
)]

use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use rounds_models::{Delay, ScriptedRules};
use rounds_tests::loopback::{Fault, FaultPlan, Loopback, Settings};

/// How long replies that are under way may take to their end after a signal.
const LAST_REPLIES: Duration = Duration::from_secs(5);

/// A chat-completions server on this machine, for tests: the same request gets the same reply.
///
/// It speaks the OpenAI chat-completions protocol on loopback addresses, without streaming. Point
/// a client at the address that it prints. It prints what it was asked when it ends (Ctrl-C).
#[derive(Debug, Parser)]
#[command(name = "loopback", after_help = AFTER)]
struct Arguments {
    /// Address to listen on: 127.0.0.0/8 or ::1
    #[arg(long, default_value = "127.0.0.1")]
    address: IpAddr,
    /// Port to listen on; 0 takes a free one
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// Name of a model that it serves; repeat for more
    #[arg(long = "model", value_name = "NAME", default_value = "loopback")]
    models: Vec<String>,
    /// Key that requests must bear; without it any or none will do
    #[arg(long)]
    key: Option<String>,
    /// Root of replies, latencies and faults
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Latency in milliseconds, as N or LOWEST..HIGHEST (uniform, the same for the same request);
    /// without it the script's, or none
    #[arg(long, value_name = "MS", value_parser = latency)]
    latency_ms: Option<Delay>,
    /// Share of attempts that meet a fault, such as 429=0.1; repeat or part by commas
    #[arg(long = "fault", value_name = "FAULT=RATE", value_delimiter = ',', value_parser = rate)]
    faults: Vec<(Fault, f64)>,
    /// Faults of the first attempts of every request, in order, such as 503,429
    #[arg(long, value_name = "FAULT,...", value_delimiter = ',')]
    first: Vec<Fault>,
    /// Attempts of a request that may meet a fault: later ones succeed
    #[arg(long, value_name = "N")]
    fault_attempts: Option<u32>,
    /// Seconds that a reply with status 429 asks to wait
    #[arg(long, value_name = "S", default_value_t = 1)]
    retry_after_s: u32,
    /// Time over which a slow body comes
    #[arg(long, value_name = "MS", default_value_t = 2000)]
    slow_body_ms: u64,
    /// Most words of a prompt and its reply together
    #[arg(long, value_name = "WORDS", default_value_t = 32_768)]
    max_context: u64,
    /// Rules of a scripted model (TOML) that give the replies
    #[arg(long, value_name = "FILE")]
    script: Option<PathBuf>,
}

const AFTER: &str = "\
Faults: 429, 429-date (Retry-After as a date), 500, 503, drop-before, drop-middle (of the body), slow-body, truncated, \
wrong-schema, empty-choices, refusal, prose (around the reply), fenced, unknown-value (a speciality that does not \
exist), eleven (items in every list), contrary (a vote that says both), null-content.

Example: loopback --port 8080 --latency-ms 20..80 --fault 429=0.1,fenced=0.05 --fault-attempts 2";

fn latency(text: &str) -> Result<Delay, String> {
    let (lo, hi) = text.split_once("..").unwrap_or((text, text));
    match (lo.parse(), hi.parse()) {
        (Ok(lo_ms), Ok(hi_ms)) => Ok(Delay { lo_ms, hi_ms }),
        _ => Err("expected milliseconds as N or LOWEST..HIGHEST".to_owned()),
    }
}

fn rate(text: &str) -> Result<(Fault, f64), String> {
    let (name, rate) = text
        .split_once('=')
        .ok_or("expected FAULT=RATE, such as 429=0.1")?;
    let fault = name.parse::<Fault>().map_err(|error| error.to_string())?;
    let rate = rate
        .parse()
        .map_err(|_| format!("expected a rate in 0..=1, got {rate}"))?;
    Ok((fault, rate))
}

fn settings(arguments: Arguments) -> Result<Settings, rounds_models::ScriptError> {
    let script = match &arguments.script {
        Some(path) => Some(ScriptedRules::open(path)?),
        None => None,
    };
    Ok(Settings {
        address: arguments.address,
        port: arguments.port,
        models: arguments.models,
        key: arguments.key,
        seed: arguments.seed,
        latency: arguments.latency_ms,
        faults: FaultPlan {
            first: arguments.first,
            rates: arguments.faults,
            attempts: arguments.fault_attempts,
        },
        retry_after_s: arguments.retry_after_s,
        slow_body_ms: arguments.slow_body_ms,
        max_context: arguments.max_context,
        script,
        // Nobody looks at single requests here.
        keep: 0,
        ..Settings::default()
    })
}

/// Waits for Ctrl-C, or a request to end.
async fn signal() -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        let mut end = signal(SignalKind::terminate())?;
        tokio::select! {
            interrupted = tokio::signal::ctrl_c() => interrupted,
            _ = end.recv() => Ok(()),
        }
    }
    #[cfg(not(unix))]
    tokio::signal::ctrl_c().await
}

fn fail(error: &dyn std::error::Error, code: u8) -> ExitCode {
    eprintln!("error: {error}");
    let mut source = error.source();
    while let Some(error) = source {
        eprintln!("  because: {error}");
        source = error.source();
    }
    ExitCode::from(code)
}

fn main() -> ExitCode {
    let settings = match settings(Arguments::parse()) {
        Ok(settings) => settings,
        Err(error) => return fail(&error, 2),
    };
    let server = match Loopback::start(settings) {
        Ok(server) => server,
        Err(error) => return fail(&error, 2),
    };
    println!("listening on {}", server.base_url());
    let waited = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .and_then(|runtime| runtime.block_on(signal()));
    if let Err(error) = waited {
        return fail(&error, 1);
    }
    println!("{}", server.finish(LAST_REPLIES).to_json());
    ExitCode::SUCCESS
}
