//! The same bytes however days are run.

use std::fs;
use std::path::Path;

use super::{BENCH, DOSES, SENDERS, arm, says, text};

fn left_by(bench: &Path) -> Vec<(String, Vec<u8>)> {
    let mut left = Vec::new();
    for sender in SENDERS {
        for doses in DOSES {
            let run = arm(bench, &format!("{sender} + {doses}"));
            for file in ["events.jsonl", "episodes.parquet", "rounds.parquet"] {
                let path = run.join(file);
                left.push((path.display().to_string(), fs::read(path).unwrap()));
            }
        }
    }
    left
}

#[track_caller]
fn assert_same(found: &Path, expected: &Path) {
    for ((path, bytes), (_, wanted)) in left_by(found).iter().zip(left_by(expected)) {
        assert!(*bytes == wanted, "{path} differs");
    }
}

#[test]
fn any_number_of_jobs_gives_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("one");
    let file = text(&BENCH.file);
    says(&["bench", file, "--quiet", "--jobs", "1", "--out", text(&out)]);
    assert_same(&out, &BENCH.folder);
}

#[test]
fn a_bench_that_was_cut_goes_on_to_the_same_bytes_and_a_finished_one_trains_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("cut");
    let file = text(&BENCH.file);
    // As if it had been killed in the fifth day under `rota + dt`: what came before is whole.
    for doses in DOSES {
        let name = format!("rota + {doses}");
        let from = arm(&BENCH.folder, &name);
        let to = out.join("arms").join(from.file_name().unwrap());
        fs::create_dir_all(&to).unwrap();
        fs::copy(from.join("manifest.json"), to.join("manifest.json")).unwrap();
        let log = fs::read_to_string(from.join("events.jsonl")).unwrap();
        match doses {
            "dt" => {
                let fifth = log.find("{\"e\":4,").unwrap();
                let cut = &log.as_bytes()[..fifth + 200];
                fs::write(to.join("events.partial.jsonl"), cut).unwrap();
            }
            _ => fs::write(to.join("events.jsonl"), log).unwrap(),
        }
    }
    let (_, told) = says(&["bench", file, "--resume", text(&out)]);
    assert_same(&out, &BENCH.folder);
    assert_eq!(told.matches(": training dt, ").count(), 2, "{told}");

    let all = || ["summary.json", "report.html"].map(|name| fs::read(out.join(name)).unwrap());
    let before = all();
    let (_, told) = says(&["bench", file, "--resume", text(&out)]);
    assert!(!told.contains("training"), "{told}");
    assert!(all() == before);
}

#[test]
fn models_are_trained_once_for_all_who_send_the_staff() {
    for model in ["dt", "bc"] {
        let lines = BENCH.told.lines();
        let lines = lines.filter(|line| line.contains(&format!(": training {model}, ")));
        let mut lines: Vec<&str> = lines
            .map(|line| line.split(" of 2").next().unwrap())
            .collect();
        lines.sort_unstable();
        let expected = [1, 2].map(|at| format!("rota + {model}: training {model}, {at}"));
        assert_eq!(lines, expected, "{}", BENCH.told);
    }
}
