//! Benches that were cut, and runs that were finished.

use std::fs;
use std::path::Path;

use super::ends::ends;
use super::{BENCH, arms, assert_same, bench, left_by, place, read, refuses, says, text};

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => fs::copy(entry.path(), target).map(|_| ()).unwrap(),
        }
    }
}

/// Leaves of a finished arm what a run leaves that is killed in the middle of an episode.
fn cut(arm: &Path) {
    let log = read(&arm.join("events.jsonl"));
    let third = log.find("{\"e\":3,").unwrap();
    fs::write(
        arm.join("events.partial.jsonl"),
        &log.as_bytes()[..third + 100],
    )
    .unwrap();
    for file in ["events.jsonl", "episodes.parquet", "rounds.parquet"] {
        fs::remove_file(arm.join(file)).unwrap();
    }
}

#[test]
fn a_bench_that_was_cut_goes_on_to_the_same_bytes() {
    let whole = &BENCH.folder;
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("cut");
    copy(whole, &out);
    let of = arms(&out);
    // In the middle of `gdt@50`: what came later was not there yet.
    cut(&of[4]);
    for arm in &of[5..] {
        fs::remove_dir_all(arm).unwrap();
    }
    for file in ["summary.json", "report.html"] {
        fs::remove_file(out.join(file)).unwrap();
    }
    let told = bench(&["--jobs", "2", "--resume", text(&out)]);
    assert_same(&out, whole);
    assert!(
        !told.contains("training dt,"),
        "its arms were there: {told}"
    );
    for model in ["gdt", "dc", "bc", "filtered-bc"] {
        let trained = told.matches(&format!(": training {model}, ")).count();
        assert_eq!(trained, 2, "{model}: {told}");
    }
}

#[test]
fn a_finished_run_is_a_success_that_changes_nothing_and_trains_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("bench");
    copy(&BENCH.folder, &out);
    let all = || {
        let report = fs::read(out.join("report.html")).unwrap();
        let summary = fs::read(out.join("summary.json")).unwrap();
        (left_by(&out), report, summary)
    };
    let before = all();
    let told = bench(&["--resume", text(&out)]);
    assert!(!told.contains("training"), "{told}");
    assert!(all() == before);

    let (folder, file) = place("");
    let run = folder.path().join("run");
    says(&["run", text(&file), "--out", text(&run)]);
    let left = || ["events.jsonl", "summary.json", "report.html"].map(|name| read(&run.join(name)));
    let before = left();
    let (_, told) = says(&["run", text(&file), "--resume", text(&run)]);
    assert!(!told.contains("training"), "{told}");
    assert!(left() == before);
}

#[test]
fn another_run_is_refused_before_anything_is_trained() {
    let (folder, file) = place("");
    let run = folder.path().join("run");
    let file = text(&file);
    says(&["run", file, "--out", text(&run)]);
    let before = read(&run.join("events.jsonl"));
    for (arguments, why) in [
        (
            &["--out", text(&run)][..],
            "the folder exists and is not empty",
        ),
        (&["--resume", text(&run), "--seed", "8"], "seed"),
        (
            &["--resume", text(&run), "--set", "models.dt.hidden=16"],
            "hidden = 16",
        ),
    ] {
        let told = refuses(&[&["run", file], arguments].concat());
        assert!(!told.contains("training dt"), "{told}");
        assert!(told.contains(why), "{why}: {told}");
    }
    assert!(read(&run.join("events.jsonl")) == before);
}

#[test]
fn models_are_kept_and_found_again() {
    let (folder, file) = place("");
    let run = |name: &str, more: &[&str]| {
        let out = folder.path().join(name);
        let kept = "models.dt.keep=\"kept\"";
        let command = ["run", text(&file), "--set", kept, "--out", text(&out)];
        let (_, told) = ends(0, folder.path(), &[&command, more].concat());
        (read(&out.join("events.jsonl")), told)
    };
    let (events, told) = run("first", &[]);
    assert_eq!(told.matches("training dt, ").count(), 2, "{told}");
    let (again, told) = run("second", &[]);
    assert!(events == again);
    assert!(!told.contains("training dt, "), "{told}");
    // Other settings are another model.
    let (other, told) = run("third", &["--set", "models.dt.training.learning_rate=3e-4"]);
    assert_eq!(told.matches("training dt, ").count(), 2, "{told}");
    assert!(events != other);
}
