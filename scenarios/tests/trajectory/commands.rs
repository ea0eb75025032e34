//! What other commands do with runs of control environments. None of them trains again.

use rounds::statistics::Summary;

use super::{BENCH, arms, left_by, place, read, refuses, says, text};

/// What a command says; it must succeed without a word of a training.
#[track_caller]
fn tells(arguments: &[&str]) -> String {
    let (text, told) = says(arguments);
    assert!(!told.contains("training"), "{told}");
    text
}

#[test]
fn an_episode_is_told() {
    let arms = arms(&BENCH.folder);
    let story = tells(&["show", text(&arms[0]), "1"]);
    for part in [
        "arm dt@100",
        "Start 0, training 1; it wants a return of -",
        "    1. sees [",
        "does [",
        "earns -",
        "after 50 steps; it was cut",
    ] {
        assert!(story.contains(part), "{part}: {story}");
    }
    let story = tells(&["show", text(arms.last().unwrap()), "0"]);
    assert!(story.contains("Start 0, training 0\n"), "{story}");
    assert!(!story.contains("wants"), "{story}");
    let list = tells(&["show", text(&BENCH.folder)]);
    assert_eq!(
        list.matches("training 1       done     return -").count(),
        39
    );
    assert!(list.contains(", score "), "{list}");
    let whole = tells(&["show", text(&BENCH.folder), "5"]);
    assert_eq!(whole.matches("Start 2, training 1").count(), 13, "{whole}");
}

#[test]
fn a_finished_bench_is_scored_again_to_the_same() {
    let before = left_by(&BENCH.folder);
    let again = tells(&["score", text(&BENCH.folder), "--json"]);
    let again: Summary = serde_json::from_str(&again).unwrap();
    assert_eq!(again.arms, BENCH.summary.arms);
    assert_eq!(again.comparisons, BENCH.summary.comparisons);
    let after = left_by(&BENCH.folder);
    for ((file, bytes), (_, expected)) in after.iter().zip(&before) {
        let derived = file.ends_with("summary.json");
        assert!(derived || bytes == expected, "{}", file.display());
    }
}

#[test]
fn a_scenario_is_put_in_words() {
    let words = tells(&["describe", "scenarios/pointmass.toml"]);
    for part in [
        "point mass",
        "a Decision Transformer trained for 700 steps, asked for a score of 50",
        "a Graph Decision Transformer",
        "a Decision ConvFormer",
        "behaviour cloning",
        "100 % random actions",
        "Each model was trained 16 times with other seeds",
    ] {
        assert!(words.contains(part), "{part}: {words}");
    }
}

#[test]
fn seeds_are_added_until_returns_are_precise() {
    let (folder, file) = place(
        "[[arms]]\nname = \"expert\"\nset = { \"agents.team.policy\" = \"expert\" }\n\
         [[arms]]\nname = \"random\"\nset = { \"agents.team.policy\" = \"random\" }\n",
    );
    let out = folder.path().join("out");
    let (file, out) = (text(&file), text(&out));
    let rule = |rule: &'static str| {
        let often = ["--set", "repeats=1", "--episodes", "50", "--at-most", "4"];
        let bench = ["bench", file, "--until", rule, "--json", "--out", out];
        [&bench[..], &often].concat()
    };
    let told = refuses(&rule("ci(retrun) < 5"));
    assert!(told.contains("did you mean `return`?"), "{told}");
    let summary: Summary =
        serde_json::from_str(&tells(&rule("ci(return, expert - random) < 50"))).unwrap();
    let until = summary.until.unwrap();
    assert!(until.reached, "{until:?}");
    assert_eq!((until.replications, summary.episodes.done), (2, 200));
}

#[test]
fn agents_that_learnt_are_compared_with_those_that_did_not() {
    let folder = tempfile::tempdir().unwrap();
    let report = folder.path().join("compared");
    let arms = arms(&BENCH.folder);
    let told = tells(&[
        "compare",
        text(&arms[0]),
        text(&arms[11]),
        "--out",
        text(&report),
    ]);
    for part in ["arm dt@100", "arm expert", "Paired by case", "return"] {
        assert!(told.contains(part), "{part}: {told}");
    }
    let out = folder.path().join("ranked");
    let told = tells(&["leaderboard", text(&BENCH.folder), "--out", text(&out)]);
    assert!(!told.contains("Not ranked"), "{told}");
    for arm in ["dt@100", "bc", "expert", "random"] {
        assert!(told.contains(&format!("· {arm} ")), "{arm}: {told}");
    }
}

#[test]
fn runs_are_exported() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().join("logs");
    let bench = text(&BENCH.folder);
    let told = tells(&[
        "export",
        bench,
        "--to",
        "inspect",
        "--arm",
        "dt@100",
        "--out",
        text(&out),
    ]);
    assert!(told.contains("(6 samples)"), "{told}");
    let log = told.split_whitespace().find(|word| word.ends_with(".eval"));
    let log = std::fs::read(log.unwrap()).unwrap();
    assert!(log.starts_with(b"PK"), "it is an archive");
}

#[test]
fn nobody_can_sit_in_for_an_agent_yet() {
    let told = refuses(&["play", "scenarios/pointmass.toml"]);
    assert!(
        told.contains("only visits of a clinic can be played"),
        "{told}"
    );
    for kind in ["human", "process"] {
        let policy = format!("policies.random={{ kind = \"{kind}\" }}");
        let told = refuses(&["check", "scenarios/pointmass.toml", "--set", &policy]);
        for part in ["policies.random.kind", kind, "random, expert", "language"] {
            assert!(told.contains(part), "{part}: {told}");
        }
    }
}

#[test]
fn no_plan_is_needed() {
    let told = tells(&["plan", "scenarios/pointmass.toml"]);
    assert!(told.contains("no model is asked"), "{told}");
    let report = read(&BENCH.folder.join("report.html"));
    assert!(!report.contains("tokens"), "no model spoke");
}
