//! The shipped scenario: nobody is lost, and every way to come to a result comes to the same.

use std::fs;
use std::path::Path;
use std::process::Command;

use rounds::run::{Episode, RunDirectory};

use super::{ONE_EACH, SHIPPED, SHIPPED_DAYS, arms, bench, done, episodes};

/// Checks what ticks tell against what happened until then.
fn assert_nobody_is_lost(episode: &Episode) -> [u64; 4] {
    let mut counted = [0_u64; 4];
    let mut ticks = 0;
    for event in &episode.events {
        let [arrivals, waiting, in_bed, gone] = &mut counted;
        match event.kind.as_str() {
            "arrived" => (*arrivals, *waiting) = (*arrivals + 1, *waiting + 1),
            "bedded" => (*waiting, *in_bed) = (*waiting - 1, *in_bed + 1),
            "left" => (*waiting, *gone) = (*waiting - 1, *gone + 1),
            "discharged" => (*in_bed, *gone) = (*in_bed - 1, *gone + 1),
            "tick" => {
                let keys = ["arrivals", "waiting", "in_bed", "gone"];
                let told = keys.map(|key| event.fields[key].as_u64().unwrap());
                assert_eq!(told, counted, "tick {}", event.round);
                assert_eq!(told[0], told[1] + told[2] + told[3]);
                assert!(told[2] <= 14);
                ticks += 1;
            }
            _ => {}
        }
    }
    assert_eq!(ticks, 144);
    counted
}

#[test]
fn at_every_tick_who_arrived_waits_lies_or_is_gone_and_all_arms_have_the_same_days() {
    let (folder, summary) = &*SHIPPED_DAYS;
    assert_eq!((summary.episodes.asked, summary.episodes.done), (36, 36));
    let arms = arms(folder);
    assert_eq!(arms.len(), 6);
    let mut first: Vec<Vec<String>> = Vec::new();
    for arm in &arms {
        let mut days = Vec::new();
        let mut total = 0;
        for episode in episodes(arm) {
            total += assert_nobody_is_lost(&episode)[0];
            let came = episode.events.iter().filter(|e| e.kind == "arrived");
            let came = came.map(|e| format!("{:?} {:?}", e.minute, e.fields));
            days.push(came.collect::<Vec<_>>());
        }
        assert!(total > 500);
        match first.is_empty() {
            true => first = days,
            false => assert!(first == days, "{}", arm.display()),
        }
    }
    let report = fs::read_to_string(folder.join("bench/report.html")).unwrap();
    for part in [
        "aria-label=\"beds over the day\"",
        "aria-label=\"curves over the rounds\"",
        "not for clinical use",
    ] {
        assert!(report.contains(part), "{part}");
    }
    let names = summary.comparisons.iter().map(|c| c.metric.as_str());
    let names: std::collections::BTreeSet<&str> = names.collect();
    for metric in [
        "diagnosis_minutes",
        "wait_minutes",
        "left_unseen",
        "utility",
    ] {
        let of = names.iter().filter(|name| name.starts_with(metric));
        assert_eq!(
            of.count(),
            1 + 6,
            "{metric}: all days, and six configurations"
        );
    }
}

/// Logs and tables of all arms, in the order of their names.
fn left_by(folder: &Path) -> Vec<Vec<u8>> {
    let mut arms: Vec<_> = fs::read_dir(folder.join("arms"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    arms.sort();
    let files = ["events.jsonl", "episodes.parquet", "rounds.parquet"];
    arms.iter()
        .flat_map(|arm| files.map(|file| fs::read(arm.join(file)).unwrap()))
        .collect()
}

#[test]
fn any_number_of_jobs_gives_the_same_bytes() {
    // As many jobs as there are cores.
    let expected = left_by(&SHIPPED_DAYS.0.join("bench"));
    assert_eq!(expected.len(), 18);
    for jobs in ["1", "2", "4"] {
        let (folder, _) = bench(&[&ONE_EACH[..], &["--jobs", jobs]].concat());
        let found = left_by(&folder.path().join("bench"));
        assert!(found == expected, "{jobs} jobs");
    }
}

#[test]
fn a_finished_bench_is_scored_again_to_the_same() {
    let (folder, summary) = &*SHIPPED_DAYS;
    let bench = folder.join("bench");
    let before = left_by(&bench);
    let again = done(&["score", bench.to_str().unwrap(), "--json"]);
    let again: rounds::statistics::Summary = serde_json::from_slice(&again).unwrap();
    assert_eq!(again.arms, summary.arms);
    assert_eq!(again.comparisons, summary.comparisons);
    assert!(left_by(&bench) == before);
}

#[test]
fn a_bench_that_was_cut_goes_on_to_the_same_bytes() {
    let whole = left_by(&SHIPPED_DAYS.0.join("bench"));
    let folder = tempfile::tempdir().unwrap();
    let cut = folder.path().join("cut");
    let resume = |jobs: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_rounds"));
        command
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
            .arg("bench")
            .args(ONE_EACH)
            .args(["--quiet", "--jobs", jobs, "--resume"])
            .arg(&cut)
            .stdout(std::process::Stdio::null());
        command
    };
    let mut child = resume("1").spawn().unwrap();
    // Killed as soon as a day is on the disk.
    let partial = cut.join("arms/00-rota").join(RunDirectory::PARTIAL);
    while child.try_wait().unwrap().is_none() {
        if fs::metadata(&partial).is_ok_and(|file| file.len() > 0) {
            child.kill().unwrap();
            break;
        }
        std::thread::yield_now();
    }
    child.wait().unwrap();
    assert!(!cut.join("summary.json").exists(), "it was cut");
    assert!(resume("2").status().unwrap().success());
    assert!(left_by(&cut) == whole);
}

#[test]
fn a_day_is_told_by_its_hours() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("run").display().to_string();
    done(&["run", SHIPPED, "--episodes", "1", "--quiet", "--out", &out]);
    let story = String::from_utf8(done(&["show", &out, "0"])).unwrap();
    for part in [
        "day 0: 14 beds, 8 specialists, 4 patients an hour, overlap 0.1",
        " 1:00  ",
        "24:00  ",
        "not for clinical use",
    ] {
        assert!(story.contains(part), "{part}: {story}");
    }
}
