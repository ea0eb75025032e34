//! Disks that are full or may not be written: nothing that was written is lost.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use serde_json::Value;

use crate::models::{TWO, spoken};
use crate::{Place, is_readable, summary, text};

/// Bytes of a block of `ulimit -f`.
const BLOCK: u64 = 512;

/// Runs a command under a limit on the size of each file.
fn limited(place: &Place, blocks: u64, arguments: &str) -> (Option<i32>, String) {
    let script = format!("ulimit -f {blocks}; exec \"$0\" {arguments}");
    let output = Command::new("sh")
        .args(["-c", &script, env!("CARGO_BIN_EXE_rounds")])
        .current_dir(place.folder.path())
        .output()
        .unwrap();
    (output.status.code(), text(&output.stderr))
}

/// Lines of whole episodes by number.
fn episodes(log: &str) -> BTreeMap<u64, Vec<&str>> {
    let mut all: BTreeMap<u64, Vec<&str>> = BTreeMap::new();
    let whole = log.rfind('\n').map_or("", |end| &log[..end]);
    for line in whole.lines().skip(1) {
        let event: Value = serde_json::from_str(line).unwrap();
        all.entry(event["e"].as_u64().unwrap())
            .or_default()
            .push(line);
    }
    all.retain(|_, lines| lines.last().unwrap().contains("\"kind\":\"ended\""));
    all
}

#[track_caller]
fn same_runs(place: &Place, whole: &str, resumed: &str) {
    for file in ["events.jsonl", "episodes.parquet", "rounds.parquet"] {
        let bytes = |run: &str| fs::read(place.path(run).join(file)).unwrap();
        assert!(bytes(whole) == bytes(resumed), "{resumed}: {file}");
    }
    assert_eq!(summary(&place.path(whole)), summary(&place.path(resumed)));
}

#[test]
fn a_full_disk_loses_nothing() {
    let place = Place::new();
    let run = "run ward.toml --episodes 60 --quiet";
    place.works(&format!("{run} --out whole"));
    let log = fs::read_to_string(place.path("whole/events.jsonl")).unwrap();
    let reference = episodes(&log);
    assert_eq!(reference.len(), 60);
    let blocks = log.len() as u64 / BLOCK;
    for (number, limit) in [0, 2, blocks / 3, blocks - 2].into_iter().enumerate() {
        let folder = format!("cut-{number}");
        let (code, errors) = limited(&place, limit, &format!("{run} --out {folder}"));
        assert_eq!(code, Some(1), "{errors}");
        is_readable(&errors);
        let file = if limit == 0 {
            "manifest.json"
        } else {
            "events.partial.jsonl"
        };
        for part in [
            &format!("{folder}/{file}: cannot be written"),
            "File too large",
        ] {
            assert!(errors.contains(part), "no {part:?} in {errors}");
        }
        let partial = fs::read_to_string(place.path(&folder).join("events.partial.jsonl"));
        let partial = partial.unwrap_or_default();
        for (episode, lines) in episodes(&partial) {
            assert_eq!(lines, reference[&episode], "episode {episode}");
        }
        if limit == blocks / 3 {
            assert!(!episodes(&partial).is_empty());
            // A second try under the same limit keeps what is there.
            let (code, _) = limited(&place, limit, &format!("{run} --resume {folder}"));
            assert_eq!(code, Some(1));
            let again = fs::read_to_string(place.path(&folder).join("events.partial.jsonl"));
            let again = again.unwrap();
            let kept = episodes(&again);
            assert!(
                episodes(&partial)
                    .keys()
                    .all(|episode| kept.contains_key(episode))
            );
        }
        place.works(&format!("{run} --resume {folder}"));
        same_runs(&place, "whole", &folder);
    }
}

#[test]
fn a_disk_that_is_full_after_the_log_loses_no_log() {
    let place = Place::new();
    let run = "run ward.toml --episodes 1 --quiet";
    place.works(&format!("{run} --out whole"));
    let size = |file: &str| fs::metadata(place.path("whole").join(file)).unwrap().len();
    let limit = size("episodes.parquet")
        .max(size("events.jsonl"))
        .max(size("rounds.parquet"));
    assert!(
        size("report.html") > limit + 2 * BLOCK,
        "the report is the largest file"
    );
    let (code, errors) = limited(&place, limit / BLOCK + 1, &format!("{run} --out cut"));
    assert_eq!(code, Some(1), "{errors}");
    assert!(
        errors.contains("cut/report.html: cannot be written"),
        "{errors}"
    );
    assert!(place.path("cut/events.jsonl").exists());
    place.works(&format!("{run} --resume cut"));
    same_runs(&place, "whole", "cut");
    assert!(!place.path("cut/report.writing").exists());
}

#[test]
fn a_bench_on_a_full_disk_goes_on_later() {
    let place = Place::new();
    let bench = "bench ward.toml --episodes 30 --vary limits.rounds=1,10 --quiet";
    place.works(&format!("{bench} --out whole"));
    let second = "arms/01-limits_rounds_10";
    let log = place.path("whole").join(second).join("events.jsonl");
    let limit = fs::metadata(log).unwrap().len() / BLOCK / 2;
    let (code, errors) = limited(&place, limit, &format!("{bench} --out cut"));
    assert_eq!(code, Some(1), "{errors}");
    assert!(errors.contains("File too large"), "{errors}");
    place.works(&format!("{bench} --resume cut"));
    for arm in ["arms/00-limits_rounds_1", second] {
        let bytes = |run: &str| fs::read(place.path(run).join(arm).join("events.jsonl")).unwrap();
        assert!(bytes("whole") == bytes("cut"), "{arm}");
    }
    assert_eq!(summary(&place.path("whole")), summary(&place.path("cut")));
}

#[test]
fn a_full_disk_under_the_calls_of_models_loses_none() {
    let place = spoken(TWO);
    let run = "run ward.toml --episodes 60 --quiet";
    place.works(&format!("{run} --out whole"));
    let calls = |file: &str| fs::read_to_string(place.path(file)).unwrap();
    let whole = calls("whole/calls.jsonl");
    let limit = whole.len() as u64 / BLOCK / 2;
    let (code, errors) = limited(&place, limit, &format!("{run} --out cut"));
    assert_eq!(code, Some(1), "{errors}");
    for part in [
        "cut/calls.partial.jsonl: cannot be written",
        "File too large",
    ] {
        assert!(errors.contains(part), "no {part:?} in {errors}");
    }
    let partial = calls("cut/calls.partial.jsonl");
    let kept: Vec<&str> = partial
        .split_inclusive('\n')
        .filter(|line| line.ends_with('\n'))
        .collect();
    assert!(kept.len() > 10);
    place.works(&format!("{run} --resume cut"));
    same_runs(&place, "whole", "cut");
    let resumed = calls("cut/calls.jsonl");
    assert_eq!(resumed.lines().count(), whole.lines().count());
    // Each holds the latency of its only call: what was recorded was not asked for again.
    assert!(kept.iter().all(|line| resumed.contains(*line)));
}

#[test]
fn a_folder_that_may_not_be_written_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    fs::create_dir(place.path("locked")).unwrap();
    fs::set_permissions(place.path("locked"), fs::Permissions::from_mode(0o555)).unwrap();
    if fs::write(place.path("locked/x"), "").is_ok() {
        // The superuser may write everywhere.
        return;
    }
    let parts = ["locked/run: the folder cannot be made", "Permission denied"];
    place.fails(1, "run ward.toml --out locked/run", &parts);
    let parts = [
        "locked/manifest.json: cannot be written",
        "Permission denied",
    ];
    place.fails(1, "run ward.toml --resume locked", &parts);
}
