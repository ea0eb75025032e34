use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use rounds_tests::loopback::Client;

use crate::request;

fn loopback(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_loopback"));
    command.args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    command.stderr(Stdio::piped());
    command
}

#[cfg(unix)]
#[test]
fn the_program_serves_until_it_is_told_to_end() {
    let arguments = ["--port", "0", "--first", "503", "--latency-ms", "1..3"];
    let mut program = loopback(&arguments).spawn().unwrap();
    let mut out = BufReader::new(program.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    let address = line
        .trim()
        .strip_prefix("listening on http://")
        .and_then(|rest| rest.strip_suffix("/v1"))
        .unwrap();
    let mut client = Client::new(address.parse().unwrap());
    assert_eq!(client.chat(&request(0)).unwrap().status, 503);
    assert_eq!(client.chat(&request(0)).unwrap().status, 200);
    let id = program.id().to_string();
    // The builtin: a shell is everywhere, a program of this name is not.
    let told = Command::new("sh")
        .args(["-c", "kill -TERM $0", &id])
        .status()
        .unwrap();
    assert!(told.success());
    assert_eq!(program.wait().unwrap().code(), Some(0));
    let mut rest = String::new();
    out.read_to_string(&mut rest).unwrap();
    let counts: serde_json::Value = serde_json::from_str(&rest).unwrap();
    assert_eq!(counts["requests"], 2);
    assert_eq!(counts["faults"]["503"], 1);
}

#[test]
fn bad_usage_is_named_with_exit_code_2() {
    for (arguments, part) in [
        (&["--address", "0.0.0.0"][..], "expected a loopback address"),
        (&["--fault", "430=0.1"], "429-date"),
        (&["--fault", "429"], "FAULT=RATE"),
        (&["--fault", "429=0.7,500=0.7"], "at most 1 together"),
        (&["--latency-ms", "9..3"], "9..=3"),
        (&["--latency-ms", "fast"], "LOWEST..HIGHEST"),
        (&["--script", "no/such.toml"], "no/such.toml"),
    ] {
        let output = loopback(arguments).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
        assert!(error.contains(part), "{arguments:?}: {error}");
    }
}
