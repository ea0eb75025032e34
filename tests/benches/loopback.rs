//! What the loopback server serves: 64 clients at once, replies after 50 ms, for some seconds.
//!
//! At most 64 / 0.05 s = 1280 requests a second are possible. The processor time is of the
//! server's thread alone, where the system tells it.
#![expect(clippy::print_stdout, reason = "the figures are for people")]

use std::thread;
use std::time::{Duration, Instant};

use rounds_models::Delay;
use rounds_tests::loopback::{Client, Loopback, Settings};
use serde_json::{Value, json};

const CLIENTS: u32 = 64;
const LATENCY_MS: u64 = 50;
/// Requests of a client alone, one after another.
const ALONE: u32 = 40;
const LONG: Duration = Duration::from_secs(5);

fn request(number: u32, asked: u32) -> Value {
    let system = "Answer with one word: AGREE or DISAGREE.";
    let user = format!("{number} {asked} {}", "word ".repeat(300));
    json!({
        "model": "loopback",
        "messages": [{"role": "system", "content": system}, {"role": "user", "content": user}],
    })
}

fn main() {
    let server = Loopback::start(Settings {
        latency: Some(Delay {
            lo_ms: LATENCY_MS,
            hi_ms: LATENCY_MS,
        }),
        keep: 0,
        ..Settings::default()
    })
    .expect("a free port");
    let mut alone = Client::new(server.address());
    let start = Instant::now();
    for asked in 0..ALONE {
        alone.chat(&request(CLIENTS, asked)).expect("a reply");
    }
    let mean_ms = start.elapsed().as_secs_f64() * 1e3 / f64::from(ALONE);
    println!("loopback: {mean_ms:.2} ms a request of {LATENCY_MS} ms alone");
    server.reset();
    let before = processor_s();
    let start = Instant::now();
    thread::scope(|scope| {
        for number in 0..CLIENTS {
            let mut client = Client::new(server.address());
            scope.spawn(move || {
                let mut asked = 0;
                while start.elapsed() < LONG {
                    let received = client.chat(&request(number, asked)).expect("a reply");
                    assert_eq!(received.status, 200);
                    asked += 1;
                }
            });
        }
    });
    let wall_s = start.elapsed().as_secs_f64();
    let counts = server.counts();
    let rate = counts.requests as f64 / wall_s;
    let most = f64::from(CLIENTS) * 1000.0 / LATENCY_MS as f64;
    println!(
        "loopback: {} requests, {} at once, {rate:.0} a second, {:.1} % of {most}",
        counts.requests,
        counts.most_in_flight,
        100.0 * rate / most
    );
    if let (Some(before), Some(after)) = (before, processor_s()) {
        let share = (after - before) / wall_s;
        println!("loopback: {:.1} % of one processor", 100.0 * share);
    }
}

/// Processor seconds of the server's thread, from Linux's ticks of 10 ms.
fn processor_s() -> Option<f64> {
    for task in std::fs::read_dir("/proc/self/task").ok()? {
        let folder = task.ok()?.path();
        if std::fs::read_to_string(folder.join("comm")).ok()?.trim() != "loopback" {
            continue;
        }
        let stat = std::fs::read_to_string(folder.join("stat")).ok()?;
        // After the name in brackets, user and system time are the 12th and 13th field.
        let mut fields = stat.rsplit(')').next()?.split_whitespace().skip(11);
        let user: f64 = fields.next()?.parse().ok()?;
        let system: f64 = fields.next()?.parse().ok()?;
        return Some((user + system) / 100.0);
    }
    None
}
