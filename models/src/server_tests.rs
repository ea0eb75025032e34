use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::time::Duration;

use tokio::sync::Notify;

use super::*;
use crate::delay::Delay;
use crate::function::FnModel;
use crate::model::Completion;
use crate::request::tests::request;

const PATIENCE: Duration = Duration::from_secs(20);

/// Says that a batch came in and answers it once opened.
#[derive(Default)]
struct Gate {
    open: Notify,
    entered: Mutex<Option<std_mpsc::Sender<()>>>,
}

impl LanguageModel for Gate {
    fn name(&self) -> &str {
        "gate"
    }

    fn complete<'a>(&'a self, requests: &'a [ModelRequest]) -> Completion<'a> {
        Box::pin(async move {
            if let Some(entered) = &*self.entered.lock().unwrap() {
                entered.send(()).unwrap();
            }
            self.open.notified().await;
            requests
                .iter()
                .map(|r| Ok(ModelReply::counted(r, String::new())))
                .collect()
        })
    }
}

fn options(queue: usize, in_flight: usize, max_batch: usize) -> ServerOptions {
    ServerOptions {
        queue,
        in_flight,
        max_batch,
    }
}

fn job(n: u32, reply_to: &std_mpsc::Sender<Finished>) -> Job {
    Job {
        request: request(n, "x"),
        asker: Asker {
            ticket: u64::from(n),
            reply_to: reply_to.clone(),
            submitted: Instant::now(),
        },
    }
}

#[test]
fn many_askers_share_a_server_and_get_their_own_replies() {
    let model = FnModel::new("echo", |r| Ok(r.messages[1].content.clone()));
    let server = ModelServer::start(Arc::new(model), options(1024, 8, 4));
    std::thread::scope(|scope| {
        for asker in 0..4_u64 {
            let server = &server;
            scope.spawn(move || {
                let (send, receive) = channel();
                for ticket in 0..100 {
                    let text = format!("{asker} {ticket}");
                    server.submit(ticket, request(0, &text), &send).unwrap();
                }
                let mut seen = vec![false; 100];
                for _ in 0..100 {
                    let done = receive.recv_timeout(PATIENCE).unwrap();
                    assert_eq!(
                        done.result.unwrap().text,
                        format!("{asker} {}", done.ticket)
                    );
                    assert_eq!(done.request_hash, done.request.hash("echo"));
                    assert!(done.latency_ms >= 0.0);
                    seen[done.ticket as usize] = true;
                }
                assert!(seen.into_iter().all(|seen| seen));
            });
        }
    });
}

#[test]
fn a_full_queue_gives_the_request_back() {
    let gate = Arc::new(Gate::default());
    let (entered, first_in) = channel();
    *gate.entered.lock().unwrap() = Some(entered);
    let server = ModelServer::start(gate.clone(), options(4, 1, 2));
    let (send, receive) = channel();
    server.submit(0, request(0, "x"), &send).unwrap();
    first_in.recv_timeout(PATIENCE).unwrap();
    for n in 1..5 {
        server.submit(u64::from(n), request(n, "x"), &send).unwrap();
    }
    let back = server.submit(9, request(9, "y"), &send).unwrap_err();
    assert_eq!(back.key.number, 9);
    for n in 0..5 {
        gate.open.notify_one();
        assert_eq!(receive.recv_timeout(PATIENCE).unwrap().ticket, n);
    }
}

#[test]
fn what_waits_is_gathered_up_to_the_batch_and_the_places_in_flight() {
    let work = Work {
        model: Arc::new(Gate::default()),
        in_flight: Arc::new(Semaphore::new(3)),
        max_batch: 2,
    };
    let (jobs, mut queue) = mpsc::channel(8);
    let (send, _receive) = channel();
    for n in 0..6 {
        assert!(jobs.try_send(job(n, &send)).is_ok());
    }
    drop(jobs);
    let numbers =
        |batch: &Batch| -> Vec<u32> { batch.requests.iter().map(|r| r.key.number).collect() };
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(async {
            let (first, in_flight) = work.next_batch(&mut queue).await.unwrap();
            assert_eq!(numbers(&first), [0, 1]);
            let (second, _one_place) = work.next_batch(&mut queue).await.unwrap();
            assert_eq!(numbers(&second), [2]);
            drop(in_flight);
            let (third, in_flight) = work.next_batch(&mut queue).await.unwrap();
            assert_eq!(numbers(&third), [3, 4]);
            drop(in_flight);
            let (last, _in_flight) = work.next_batch(&mut queue).await.unwrap();
            assert_eq!(numbers(&last), [5]);
            assert_eq!(work.in_flight.available_permits(), 1);
        });
}

#[test]
fn replies_arrive_out_of_order() {
    let delay = Delay {
        lo_ms: 1,
        hi_ms: 60,
    };
    let model = FnModel::new("slow", |_| Ok(String::new())).with_delay(delay);
    let server = ModelServer::start(Arc::new(model), options(64, 64, 1));
    let (send, receive) = channel();
    for n in 0..20 {
        server.submit(u64::from(n), request(n, "x"), &send).unwrap();
    }
    let order: Vec<u64> = (0..20)
        .map(|_| receive.recv_timeout(PATIENCE).unwrap().ticket)
        .collect();
    assert!(!order.is_sorted(), "{order:?}");
}

#[test]
fn a_reversed_model_hands_out_the_last_of_a_batch_first() {
    let mut batch = Batch::new(&FnModel::new("m", |_| Ok(String::new())));
    let (send, receive) = channel();
    for n in 0..3 {
        batch.push(job(n, &send));
    }
    let model = FnModel::new("m", |r| Ok(r.key.number.to_string())).reversed();
    tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap()
        .block_on(answer(Arc::new(model), batch));
    let got: Vec<_> = receive
        .try_iter()
        .map(|done| (done.ticket, done.result.unwrap().text))
        .collect();
    assert_eq!(got, [(2, "2".into()), (1, "1".into()), (0, "0".into())]);
}

#[test]
fn a_panic_or_a_wrong_count_costs_only_its_batch() {
    struct Short;
    impl LanguageModel for Short {
        fn name(&self) -> &str {
            "short"
        }
        fn complete<'a>(&'a self, _: &'a [ModelRequest]) -> Completion<'a> {
            Box::pin(async { Vec::new() })
        }
    }
    let (send, receive) = channel();
    let ask = |server: &ModelServer, n: u32| {
        server.submit(1, request(n, "x"), &send).unwrap();
        receive.recv_timeout(PATIENCE).unwrap().result
    };
    let model = FnModel::new("odd", |r| {
        assert!(r.key.number != 1, "broken model");
        Ok("fine".to_owned())
    });
    let server = ModelServer::start(Arc::new(model), ServerOptions::default());
    assert!(ask(&server, 0).is_ok());
    let error = ask(&server, 1).unwrap_err();
    assert!(matches!(&error, ModelError::Panicked { message } if message == "broken model"));
    assert!(ask(&server, 2).is_ok());
    let short = ModelServer::start(Arc::new(Short), ServerOptions::default());
    let error = ask(&short, 0).unwrap_err();
    assert_eq!(
        error,
        ModelError::WrongCount {
            expected: 1,
            got: 0
        }
    );
}

#[test]
fn dropping_the_server_closes_what_is_open() {
    let gate = Arc::new(Gate::default());
    let (entered, first_in) = channel();
    *gate.entered.lock().unwrap() = Some(entered);
    let server = ModelServer::start(gate, options(8, 1, 1));
    let (send, receive) = channel();
    for n in 0..4 {
        server.submit(u64::from(n), request(n, "x"), &send).unwrap();
    }
    first_in.recv_timeout(PATIENCE).unwrap();
    drop(server);
    drop(send);
    let mut tickets: Vec<_> = receive
        .iter()
        .map(|done| {
            assert!(matches!(done.result, Err(ModelError::Closed { .. })));
            done.ticket
        })
        .collect();
    tickets.sort_unstable();
    assert_eq!(tickets, [0, 1, 2, 3]);
}
