//! The shipped bench: what it measures, trains and reports, and the same bytes however it is run.

use super::{BENCH, arms, assert_same, bench, mean, read, text};

const LEARNT: [&str; 11] = [
    "dt@100",
    "dt@50",
    "dt@0",
    "gdt@100",
    "gdt@50",
    "gdt@0",
    "dc@100",
    "dc@50",
    "dc@0",
    "bc",
    "filtered-bc",
];

#[test]
fn every_arm_has_a_score_a_return_and_what_it_wanted() {
    let summary = &BENCH.summary;
    assert_eq!((summary.episodes.asked, summary.episodes.done), (78, 78));
    let names: Vec<&str> = summary.arms.iter().map(|arm| arm.name.as_str()).collect();
    assert_eq!(names, [&LEARNT[..], &["expert", "random"]].concat());
    for name in names {
        for metric in ["score", "score_iqm", "return"] {
            assert!(mean(summary, name, metric).is_some(), "{name}, {metric}");
        }
        // Of those that want no return it is undefined, not missing: all arms have the same metrics.
        let target = mean(summary, name, "target");
        assert_eq!(target.is_some(), name.contains('@'), "{name}");
    }
    let target = |arm: &str| mean(summary, arm, "target").unwrap();
    for model in ["dt", "gdt", "dc"] {
        let [low, half, high] = ["0", "50", "100"].map(|score| target(&format!("{model}@{score}")));
        assert!(low < half && half < high, "{low} {half} {high}");
        assert!((half - (low + high) / 2.0).abs() < 1e-9);
    }
    // Half of the scale of scores, by definition: chance is 0, the expert 100.
    let score = |arm: &str| mean(summary, arm, "score").unwrap();
    assert!(score("random") < 50.0 && score("expert") > 90.0);
}

#[test]
fn arms_that_differ_in_the_target_alone_share_a_model() {
    for (model, first) in [
        ("dt", "dt@100"),
        ("gdt", "gdt@100"),
        ("dc", "dc@100"),
        ("bc", "bc"),
        ("filtered-bc", "filtered-bc"),
    ] {
        let told = format!("training {model}, ");
        let lines = BENCH.told.lines().filter(|line| line.contains(&told));
        let mut lines: Vec<&str> = lines
            .map(|line| line.split(": step").next().unwrap())
            .collect();
        lines.sort_unstable();
        let expected = [1, 2].map(|training| format!("{first}: {told}{training} of 2"));
        assert_eq!(lines, expected, "{}", BENCH.told);
    }
}

#[test]
fn trainings_differ_and_share_their_starts() {
    let events = arms(&BENCH.folder).into_iter().map(|arm| {
        let log = read(&arm.join("events.jsonl"));
        let began: Vec<serde_json::Value> = log
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        began
    });
    let mut starts: Option<Vec<String>> = None;
    for log in events {
        let of = |kind: &str| {
            let kind = kind.to_owned();
            log.iter().filter(move |line| line["kind"] == *kind)
        };
        let began: Vec<[u64; 2]> = of("began")
            .map(|line| ["start", "training"].map(|key| line[key].as_u64().unwrap()))
            .collect();
        assert_eq!(began, [[0, 0], [0, 1], [1, 0], [1, 1], [2, 0], [2, 1]]);
        let first: Vec<&serde_json::Value> = of("acted").filter(|line| line["r"] == 1).collect();
        let saw: Vec<String> = first.iter().map(|line| line["saw"].to_string()).collect();
        for pair in first.chunks(2) {
            assert_eq!(pair[0]["saw"], pair[1]["saw"]);
        }
        let acted = |episode: u64| {
            let own = of("acted").filter(move |line| line["e"] == episode);
            own.map(|line| &line["action"]).collect::<Vec<_>>()
        };
        assert_ne!(acted(0), acted(1), "the same start");
        // Every arm has them.
        assert_eq!(starts.get_or_insert_with(|| saw.clone()), &saw);
    }
}

#[test]
fn the_report_has_its_sections() {
    let report = read(&BENCH.folder.join("report.html"));
    for part in [
        ">Scores<",
        ">Conditioning on the return<",
        ">Rewards over the steps<",
        "interquartile mean",
        "What agents reach by what they are asked for",
    ] {
        assert!(report.contains(part), "{part}");
    }
    assert!(
        !report.contains("clinical"),
        "nothing here is of any patient"
    );
}

#[test]
fn any_number_of_jobs_gives_the_same_bytes_and_so_does_another_time() {
    let folder = tempfile::tempdir().unwrap();
    for (name, jobs) in [("one", "1"), ("again", "2")] {
        let out = folder.path().join(name);
        bench(&["--jobs", jobs, "--out", text(&out)]);
        assert_same(&out, &BENCH.folder);
    }
}

#[test]
fn episodes_side_by_side_change_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("few");
    bench(&[
        "--jobs",
        "1",
        "--set",
        "limits.in_flight=1",
        "--out",
        text(&out),
    ]);
    for (few, many) in arms(&out).iter().zip(arms(&BENCH.folder)) {
        let [few, many] = [few, &many].map(|arm| read(&arm.join("events.jsonl")));
        assert!(few == many);
    }
}
