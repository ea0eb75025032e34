//! Visits whose clinicians speak through a server: how many calls a second, what the engine adds
//! to the HTTP client, and what waiting costs. The server is a process of its own.
//!
//! `cargo bench -p rounds-tests --bench language`
//!
//! Processor time is that of this process, as Linux tells it.
#![expect(clippy::print_stdout, reason = "the figures are for people")]

#[path = "../measure/mod.rs"]
mod measure;
mod server;

use std::path::Path;
use std::time::{Duration, Instant};

use measure::peak_memory_mb;
use rounds::clinic::build;
use rounds::models::openai::{Key, OpenAiModel, OpenAiOptions, Prices};
use rounds::models::{CallRecord, LanguageModel, ModelRequest};
use rounds::run::{ExecuteOptions, Experiment, RunDirectory, execute};
use rounds::schema::{ModelChoice, Overrides, Scenario};
use rounds::speech::Cassette;
use rounds_tests::project_file;
use server::Server;

/// Visits in all, and how many are under way at one time: most of a run is neither its beginning nor
/// its end.
const VISITS: u32 = 4000;
const IN_FLIGHT: u32 = 1000;
const CONCURRENCY: u32 = 64;
const LATENCY_MS: u32 = 50;
/// Visits of the loop that asks one thing after another.
const ALONE: u32 = 5;
/// The allocator of the command line.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
/// Latency while all wait, and how long that is looked at.
const LONG_MS: u32 = 6000;
const LOOKED_AT: Duration = Duration::from_secs(3);
/// Asks for the measurement of waiting, in a process of its own, which ends when it is done.
const WAITING: &str = "waiting-for";

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|argument| argument == WAITING) {
        waiting(&arguments[at + 1]);
        return;
    }
    throughput();
    overhead();
    let server = Server::start(LONG_MS);
    let this = std::env::current_exe().expect("the path of this program");
    let waited = std::process::Command::new(this)
        .args([WAITING, &server.url])
        .status();
    assert!(waited.is_ok_and(|status| status.success()));
}

fn throughput() {
    let server = Server::start(LATENCY_MS);
    let most = f64::from(CONCURRENCY) * 1000.0 / f64::from(LATENCY_MS);
    let (wall_s, processor, calls) = run(&ward(&server.url, VISITS, CONCURRENCY, 4));
    let rate = calls.len() as f64 / wall_s;
    println!(
        "{VISITS} visits, {IN_FLIGHT} in flight, latency {LATENCY_MS} ms, concurrency {CONCURRENCY}: {} calls, \
         {rate:.0} a second, {:.1} % of {most}; {:.1} % of one processor; {:.0} MB at most",
        calls.len(),
        100.0 * rate / most,
        100.0 * processor / wall_s,
        peak_memory_mb().unwrap_or(f64::NAN)
    );
    let (wall_s, _, calls) = run(&ward(&server.url, ALONE, 1, 4));
    let alone = calls.len() as f64 / wall_s;
    println!(
        "one call after another: {alone:.1} calls a second; {:.0} times fewer",
        rate / alone
    );
}

/// What the engine adds to the client: policies, prompts, batches, waiting, log and ledger.
fn overhead() {
    let server = Server::start(0);
    let (_, engine_s, calls) = run(&ward(&server.url, VISITS, CONCURRENCY, 4));
    let client_s = client_alone(&server.url, &calls);
    let each = |seconds: f64| 1e6 * seconds / calls.len() as f64;
    println!(
        "instant replies, {} calls: {:.1} us of processor time a call, the client alone {:.1} us; \
         {:.1} us more an agent and round",
        calls.len(),
        each(engine_s),
        each(client_s),
        each(engine_s - client_s)
    );
}

/// Processor seconds of the same requests without an engine.
fn client_alone(url: &str, calls: &[CallRecord]) -> f64 {
    let options = OpenAiOptions {
        base_url: Some(url.to_owned()),
        key: Key::None,
        limits: rounds::models::openai::RateLimits {
            concurrency: CONCURRENCY as usize,
            ..Default::default()
        },
        ..OpenAiOptions::new("loopback")
    };
    let prices = Prices::built_in().expect("a list of prices");
    let model = OpenAiModel::new(options, &prices).expect("a model");
    let requests: Vec<ModelRequest> = calls
        .iter()
        .map(|call| ModelRequest {
            key: call.key.clone(),
            messages: call.messages.clone(),
            schema: call.schema.clone(),
            temperature: call.temperature,
            max_tokens: call.max_tokens,
            seed: call.seed,
        })
        .collect();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let before = processor_s();
    for batch in requests.chunks(CONCURRENCY as usize) {
        let replies = runtime.block_on(model.complete(batch));
        assert!(replies.iter().all(Result::is_ok));
    }
    processor_s() - before
}

/// Processor time while every visit waits for a reply.
#[expect(
    clippy::disallowed_methods,
    reason = "what passes while nothing happens is what is measured"
)]
fn waiting(url: &str) {
    let experiment = ward(url, IN_FLIGHT, IN_FLIGHT, 1);
    std::thread::spawn(move || run(&experiment));
    // The first wave of requests is sent meanwhile.
    std::thread::sleep(Duration::from_millis(2500));
    let (before, began) = (processor_s(), Instant::now());
    std::thread::sleep(LOOKED_AT);
    let share = (processor_s() - before) / began.elapsed().as_secs_f64();
    println!(
        "{IN_FLIGHT} visits that all wait: {:.2} % of one processor",
        100.0 * share
    );
}

fn ward(url: &str, visits: u32, concurrency: u32, rounds: u32) -> Experiment {
    let set = [
        format!("episodes={visits}"),
        format!("limits.in_flight={}", visits.min(IN_FLIGHT)),
        format!("limits.rounds={rounds}"),
        format!("models.clinician.concurrency={concurrency}"),
    ];
    let overrides = Overrides {
        set: set.to_vec(),
        model: Some(ModelChoice {
            model: format!("{url}#loopback"),
            key_env: None,
        }),
        ..Overrides::default()
    };
    let file = project_file("scenarios/ward-language.toml");
    let set = Scenario::load(&file, &overrides).expect("the shipped scenario");
    let cassette = Cassette {
        live: true,
        ..Cassette::default()
    };
    build(&set, &set.arms[0], &cassette)
        .expect("the shipped arm can be built")
        .experiment
}

/// Wall seconds, processor seconds and the ledger of a run.
fn run(experiment: &Experiment) -> (f64, f64, Vec<CallRecord>) {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("run");
    let options = ExecuteOptions {
        out: out.clone(),
        resume: false,
        jobs: 1,
    };
    let (before, began) = (processor_s(), Instant::now());
    execute(experiment, &options, &mut |_, _| {}).expect("a run");
    let (wall_s, processor) = (began.elapsed().as_secs_f64(), processor_s() - before);
    (wall_s, processor, calls(&out))
}

fn calls(run: &Path) -> Vec<CallRecord> {
    let text = std::fs::read_to_string(run.join(RunDirectory::CALLS)).expect("a ledger");
    let lines = text.lines();
    lines
        .map(|line| CallRecord::from_line(line).expect("a call"))
        .collect()
}

/// Processor seconds of this process, from Linux's ticks of 10 ms.
fn processor_s() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // After the name in brackets, user and system time are the 12th and 13th field.
    let fields = stat.rsplit(')').next().unwrap_or_default();
    let times = fields.split_whitespace().skip(11).take(2);
    let ticks: f64 = times.filter_map(|field| field.parse::<f64>().ok()).sum();
    ticks / 100.0
}
