use std::thread;
use std::time::Duration;

use crate::{client, content, request, server};

#[test]
fn sixty_four_requests_are_served_at_once() {
    // Nobody gets a reply before all wait, so one that was not taken in would stop the others.
    let server = server(|s| s.gather = 64);
    thread::scope(|scope| {
        for patient in 0..64 {
            let mut client = client(&server);
            scope.spawn(move || {
                for round in 0..3 {
                    content(&client.chat(&request(patient + 64 * round)).unwrap());
                }
            });
        }
    });
    let counts = server.counts();
    assert_eq!((counts.requests, counts.in_flight), (192, 0));
    assert_eq!((counts.most_in_flight, counts.statuses[&200]), (64, 192));
}

#[test]
fn many_at_once_get_what_each_gets_alone() {
    let alone = server(|_| {});
    let mut asking = client(&alone);
    let expected: Vec<_> = (0..32)
        .map(|patient| asking.chat(&request(patient)).unwrap().body)
        .collect();
    let crowded = server(|s| s.gather = 32);
    thread::scope(|scope| {
        for (patient, expected) in (0..32).zip(&expected) {
            let mut client = client(&crowded);
            scope.spawn(move || {
                assert_eq!(client.chat(&request(patient)).unwrap().body, *expected);
            });
        }
    });
}

#[test]
fn a_dropped_server_lets_go_of_its_port_and_of_who_waits() {
    let stuck = server(|s| s.gather = 2);
    let address = stuck.address();
    let mut waiting = client(&stuck);
    let waiting = thread::spawn(move || waiting.chat(&request(0)));
    while stuck.counts().in_flight == 0 {
        thread::yield_now();
    }
    drop(stuck);
    assert!(waiting.join().unwrap().is_err());
    server(|s| s.port = address.port());
}

#[test]
fn a_server_that_finishes_sends_the_replies_that_are_under_way() {
    let server = server(|s| s.gather = 2);
    let (mut one, mut two) = (client(&server), client(&server));
    let one = thread::spawn(move || one.chat(&request(0)));
    while server.counts().in_flight == 0 {
        thread::yield_now();
    }
    // Both are in when the second arrived; from there on replies are under way.
    let two = thread::spawn(move || two.chat(&request(1)));
    while server.counts().requests < 2 {
        thread::yield_now();
    }
    let counts = server.finish(Duration::from_secs(20));
    assert_eq!(counts.statuses[&200], 2);
    for reply in [one, two] {
        content(&reply.join().unwrap().unwrap());
    }
}
