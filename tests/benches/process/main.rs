//! What a decision of a program costs beside the program's own work: an echo program answers
//! batches of 64 observations of the ward, through the server, the queue, both pipes and the
//! reading of the decisions.
//!
//! The echo is this benchmark itself, started again with one argument: it copies the number of
//! the batch and answers each of its observations with the same text. Its own work is counted
//! too, so the figure is above what the protocol costs. Floor: under 50 µs a decision.
#![expect(
    clippy::print_stdout,
    reason = "the figures are for people, the answers for us"
)]

use std::io::{BufRead, Write};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use rounds::environments::clinic::dialogue::{Answer, AnswerKind, Introduction, Question};
use rounds::environments::clinic::knowledge::{FindingIx, Knowledge};
use rounds::environments::ids::{AgentId, EpisodeIx, RoundIx};
use rounds::environments::streams::RunSeed;
use rounds::policies::clinic::outside::{OutsideClinician, hello};
use rounds::policies::clinic::task::{DoctorView, Exchange, Observation, Speciality, Task};
use rounds::policies::policy::{Ask, AskKey, ModelPolicy, Reading};
use rounds_models::{ModelServer, ProcessModel, ProcessOptions};

const BATCH: usize = 64;
const BATCHES: usize = 400;
/// Answers that an observation holds.
const EXCHANGES: u32 = 5;
const FLOOR_US: f64 = 50.0;

fn main() {
    if std::env::args().any(|argument| argument == "--echo") {
        echo();
        return;
    }
    let knowledge = Knowledge::builtin();
    let clinician = OutsideClinician {
        knowledge: Arc::clone(&knowledge),
        list_length: 10,
    };
    let program = std::env::current_exe().expect("a running program has a path");
    let options = ProcessOptions {
        name: "echo".to_owned(),
        command: vec![program.display().to_string(), "--echo".to_owned()],
        folder: std::env::temp_dir(),
        hello: hello("echo", &knowledge, 10),
        deadline: Duration::from_secs(10),
        restarts: 0,
        processes: 1,
        batch: BATCH,
        keep: None,
    };
    let sizes = options.server();
    let model = ProcessModel::new(options).expect("threads can start");
    let server = ModelServer::start(Arc::new(model), sizes);
    let (send, replies) = channel();
    let asks: Vec<Ask<Observation>> = (0..BATCH as u32).map(ask).collect();
    let mut took = Vec::with_capacity(BATCHES);
    for _ in 0..BATCHES {
        let began = Instant::now();
        for (ticket, ask) in asks.iter().enumerate() {
            let request = clinician
                .request(RunSeed(7), ask)
                .expect("it is always written");
            server
                .submit(ticket as u64, request, &send)
                .expect("there is room for a batch");
        }
        for _ in 0..BATCH {
            let finished = replies.recv().expect("the server lives");
            let reply = finished.result.expect("the echo answers");
            let reading = clinician.read(&asks[finished.ticket as usize], &reply.text);
            assert!(matches!(reading, Reading::Action(_)), "{reading:?}");
        }
        took.push(began.elapsed().as_secs_f64() * 1e6 / BATCH as f64);
    }
    took.sort_by(f64::total_cmp);
    let (median, late) = (took[BATCHES / 2], took[BATCHES * 95 / 100]);
    println!(
        "{BATCHES} batches of {BATCH} decisions: {median:.1} us a decision (median), {late:.1} us (95 %), \
         the echo's own work included; floor {FLOOR_US} us"
    );
    assert!(
        median < FLOOR_US,
        "{median:.1} us a decision is over the floor of {FLOOR_US} us"
    );
}

/// Answers every line: the number of the batch, and one decision for each `"episode":` in it.
fn echo() {
    let (input, mut output) = (std::io::stdin().lock(), std::io::stdout().lock());
    for line in input.lines().skip(1) {
        let line = line.expect("lines are text");
        let id = line
            .trim_start_matches("{\"batch\":")
            .split(',')
            .next()
            .unwrap_or_default();
        let decisions = vec!["{\"ask\":\"fever\"}"; line.matches("\"episode\":").count()];
        let answer = format!(
            "{{\"batch\":{id},\"decisions\":[{}]}}\n",
            decisions.join(",")
        );
        output.write_all(answer.as_bytes()).expect("somebody reads");
        output.flush().expect("somebody reads");
    }
}

fn ask(episode: u32) -> Ask<Observation> {
    let exchange = |number: u32| Exchange {
        question: Question::Finding(FindingIx(episode + number)),
        answer: Answer {
            present: Some(number.is_multiple_of(2)),
            ..Answer::empty(AnswerKind::Value)
        },
    };
    Ask {
        key: AskKey {
            episode: EpisodeIx(episode),
            agent: AgentId(0),
            round: RoundIx(EXCHANGES),
            number: EXCHANGES,
        },
        observation: Observation {
            task: Task::Propose { forced: false },
            speciality: Speciality::Generalist,
            team: vec![Speciality::Generalist].into(),
            view: Arc::new(DoctorView {
                introduction: Introduction {
                    text: "I have come because of this: chest pain.".into(),
                    complaint: Some(FindingIx(0)),
                    observed: vec![(FindingIx(0), true)],
                },
                exchanges: (0..EXCHANGES).map(exchange).collect(),
            }),
        },
    }
}
