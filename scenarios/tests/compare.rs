//! `rounds compare` and `rounds leaderboard`, by the real binary.
#![expect(clippy::unwrap_used, reason = "a test may stop at what cannot be")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use rounds::run::{Episode, EpisodeRow, Score, Scored};
use serde_json::Value;
use tempfile::TempDir;

/// A working directory with finished runs of the shipped ward in it.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn rounds(&self, arguments: &str) -> (Option<i32>, String, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_rounds"))
            .current_dir(self.0.path())
            .args(arguments.split_whitespace())
            .output()
            .unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        (
            output.status.code(),
            text(&output.stdout),
            text(&output.stderr),
        )
    }

    #[track_caller]
    fn works(&self, arguments: &str) -> String {
        let (code, out, errors) = self.rounds(arguments);
        assert_eq!(code, Some(0), "{arguments}\n{errors}");
        out
    }

    #[track_caller]
    fn json(&self, arguments: &str) -> Value {
        serde_json::from_str(&self.works(&format!("{arguments} --json"))).unwrap()
    }

    #[track_caller]
    fn ward(&self, out: &str, more: &str) {
        let ward = shipped("ward.toml");
        self.works(&format!(
            "run {} --quiet --out {out} {more}",
            ward.display()
        ));
    }

    /// Changes the manifest of a run.
    fn edit(&self, run: &str, change: impl FnOnce(&mut Value)) {
        let path = self.path(run).join("manifest.json");
        let mut manifest: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        change(&mut manifest);
        fs::write(path, manifest.to_string()).unwrap();
    }
}

fn shipped(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn comparison<'a>(compared: &'a Value, metric: &str) -> &'a Value {
    let all = compared["comparisons"].as_array().unwrap();
    all.iter().find(|c| c["metric"] == metric).unwrap()
}

fn verdict<'a>(compared: &'a Value, metric: &str) -> &'a str {
    comparison(compared, metric)["verdict"].as_str().unwrap()
}

/// The doctor's lines of one episode, without their place among all.
fn doctors(run: &Path, episode: &Value) -> Vec<Value> {
    let begin = format!("{{\"e\":{episode},");
    let log = fs::read_to_string(run.join("events.jsonl")).unwrap();
    let lines = log.lines().filter(|line| line.starts_with(&begin));
    let events = lines.map(|line| serde_json::from_str::<Value>(line).unwrap());
    events.filter(|event| event["side"] == "doctor").collect()
}

#[test]
fn a_planted_change_names_the_flipped_cases_and_the_events() {
    let place = Place::new();
    place.ward("before", "");
    place.ward("after", "--set policies.specialist.stop_at=0.5");
    let compared = place.json("compare before after --out out");
    assert_eq!(compared["schema"], "rounds.summary/1");
    assert_eq!(compared["command"], "compare");
    assert_eq!(verdict(&compared, "hit@1"), "worse");
    assert_eq!(verdict(&compared, "questions"), "better");
    assert_eq!(compared["changed"][0]["key"], "policies.specialist.stop_at");
    assert_eq!(compared["changed"].as_array().unwrap().len(), 1);

    // The flips are those of the tables, seen from `show`.
    let listed = |run: &str| -> Vec<bool> {
        let list = place.works(&format!("show {run}"));
        list.lines()
            .skip(1)
            .map(|line| line.contains(" correct "))
            .collect()
    };
    let (before, after) = (listed("before"), listed("after"));
    let expected: Vec<u64> = (0..200_u64)
        .filter(|&k| before[k as usize] != after[k as usize])
        .collect();
    let flips = compared["flips"].as_array().unwrap();
    let found: Vec<u64> = flips
        .iter()
        .map(|f| f["episode_a"].as_u64().unwrap())
        .collect();
    assert!(!expected.is_empty());
    assert_eq!(found, expected);
    let difference = comparison(&compared, "hit@1")["difference"]
        .as_f64()
        .unwrap();
    let net = compared["gained"].as_f64().unwrap() - compared["lost"].as_f64().unwrap();
    assert!((difference - net / 200.0).abs() < 1e-9);

    for flip in flips {
        let lines = [("before", "a"), ("after", "b")].map(|(run, side)| {
            let of_run = doctors(&place.path(run), &flip["episode_a"]);
            let number = &flip["first_difference"][side]["number"];
            let at = of_run
                .iter()
                .position(|event| event["n"] == *number)
                .unwrap();
            (of_run, at)
        });
        let [(a, at_a), (b, at_b)] = &lines;
        assert_eq!(at_a, at_b, "as many acts before the logs part");
        let plain = |event: &Value| {
            let mut event = event.clone();
            event
                .as_object_mut()
                .unwrap()
                .retain(|key, _| key != "n" && key != "t");
            event
        };
        assert!((0..*at_a).all(|k| plain(&a[k]) == plain(&b[k])));
        assert_ne!(plain(&a[*at_a]), plain(&b[*at_a]));
        assert_eq!(flip["first_difference"]["a"]["kind"], a[*at_a]["kind"]);
        let shown = flip["show_b"]
            .as_str()
            .unwrap()
            .strip_prefix("rounds ")
            .unwrap();
        assert!(place.works(shown).contains("Verdict"));
    }
    assert!(compared["down"].as_u64() > compared["up"].as_u64());

    let text = fs::read_to_string(place.path("out/compare.md")).unwrap();
    let page = fs::read_to_string(place.path("out/report.html")).unwrap();
    let name = flips[0]["case"].as_str().unwrap();
    assert!(text.contains(name) && page.contains(name));
    assert!(page.contains("href=\"../before/report.html\"") && page.contains("<svg"));
    assert!(!page.contains("http:") && !page.contains("https:") && !page.contains("<script"));
    assert!(text.contains("not for clinical use") && page.contains("not for clinical use"));

    let (code, _, errors) = place.rounds("compare before after --fail-on-regression --quiet");
    assert_eq!(code, Some(3), "{errors}");
    assert!(errors.contains("B is worse than A on hit@1"), "{errors}");
    place.works("compare after before --metric hit@1 --fail-on-regression --quiet");
    let (code, _, errors) = place.rounds("compare before after --out out");
    assert_eq!(code, Some(2), "{errors}");
}

#[test]
fn a_policy_and_its_copy_under_another_name_do_not_differ() {
    let place = Place::new();
    let ward = fs::read_to_string(shipped("ward.toml")).unwrap();
    let copy = ward
        .replace("policy = \"specialist\"", "policy = \"copy\"")
        .replace("[policies.specialist]", "[policies.copy]")
        .replace("name = \"ward\"", "name = \"copied\"");
    fs::write(place.path("copy.toml"), copy).unwrap();
    place.ward("one", "");
    place.works("run copy.toml --quiet --out two");
    let compared = place.json("compare one latest --fail-on-regression");
    for metric in ["hit@1", "hit@10", "questions"] {
        let said = verdict(&compared, metric);
        assert!(
            said.starts_with("no difference larger than "),
            "{metric}: {said}"
        );
        assert!(comparison(&compared, metric)["detectable"].is_number());
    }
    assert_eq!(compared["design"], "paired");
    assert_eq!(compared["flips"].as_array().unwrap().len(), 0);
}

#[test]
fn other_seeds_are_not_paired_and_it_says_so() {
    let place = Place::new();
    place.ward("seven", "");
    place.ward("eight", "--seed 8");
    let compared = place.json("compare seven eight");
    assert_eq!(compared["design"], "unpaired");
    assert!(compared["flips_of"].is_null());
    for metric in ["hit@1", "hit@10", "questions"] {
        let said = verdict(&compared, metric);
        let even = said.starts_with("cannot tell") || said.starts_with("no difference larger than");
        assert!(even, "{metric}: {said}");
    }
    let text = place.works("compare seven eight");
    assert!(
        text.contains("NOT PAIRED, other seeds: seed 7 against seed 8"),
        "{text}"
    );
}

#[test]
fn arms_of_benches_are_compared_by_name_and_seeds_are_cases() {
    let place = Place::new();
    let ward = shipped("ward.toml");
    let bench = format!(
        "bench {} --quiet --episodes 30 --vary agents.team.kind=dynamic,solo-fixed",
        ward.display()
    );
    place.works(&format!("{bench} --seeds 1..4 --out bench"));
    let arms = "--arm agents.team.kind=dynamic --arm agents.team.kind=solo-fixed";
    let compared = place.json(&format!("compare bench bench {arms}"));
    let summary: Value =
        serde_json::from_slice(&fs::read(place.path("bench/summary.json")).unwrap()).unwrap();
    let (ours, bench) = (
        comparison(&compared, "hit@1"),
        comparison(&summary, "hit@1"),
    );
    // The bench compares the first arm with the second; here the second is the new one.
    let number = |value: &Value| value.as_f64().unwrap();
    assert!((number(&ours["difference"]) + number(&bench["difference"])).abs() < 1e-12);
    assert!((number(&ours["ci95"][0]) + number(&bench["ci95"][1])).abs() < 1e-12);
    assert_eq!(
        (compared["a"]["cases"].as_u64(), verdict(&compared, "hit@1")),
        (Some(90), "worse")
    );
    assert!(
        compared["flips"][0]["case"]
            .as_str()
            .unwrap()
            .starts_with("seed ")
    );

    let (code, _, errors) = place.rounds("compare bench bench");
    assert_eq!(code, Some(2));
    assert!(errors.contains("name one with --arm"), "{errors}");
    let (code, _, errors) = place.rounds("compare bench bench --arm agents.team.kind=dynamik");
    assert_eq!(code, Some(2));
    assert!(errors.contains("did you mean"), "{errors}");
}

#[test]
fn evaluations_are_compared_only_where_suite_cases_and_scorer_agree() {
    let place = Place::new();
    let data = |suite: &str, case: &str, scorer: &str| serde_json::json!({"suite": suite, "cases": {"kb:0": case, "kb:1": "h"}, "scorer": scorer});
    for (run, of) in [
        ("base", data("s", "c", "rounds.scorer/1")),
        ("same", data("s", "c", "rounds.scorer/1")),
        ("suite", data("t", "c", "rounds.scorer/1")),
        ("case", data("s", "d", "rounds.scorer/1")),
        ("scorer", data("s", "c", "rounds.scorer/2")),
    ] {
        place.ward(run, "--episodes 60");
        place.edit(run, |manifest| manifest["data"] = of);
    }
    place.ward("plain", "--episodes 60");
    let compared = place.json("compare base same --metric hit@1");
    assert_eq!(compared["design"], "paired");
    for (other, part) in [
        ("suite", "the suite differs, A has s, B has t"),
        ("case", "case kb:0 differs, A has c, B has d"),
        (
            "scorer",
            "the scorer differs, A has rounds.scorer/1, B has rounds.scorer/2",
        ),
        (
            "plain",
            "the family differs, A has evaluation, B has clinic",
        ),
    ] {
        let (code, _, errors) = place.rounds(&format!("compare base {other} --metric hit@1"));
        assert_eq!(code, Some(2), "{other}");
        assert!(
            errors.contains("not comparable") && errors.contains(part),
            "{errors}"
        );
    }
}

/// Passes every case but those of odd episodes, where `odd_fail`.
struct Passing {
    odd_fail: bool,
}

impl Score for Passing {
    fn score(&self, episode: &Episode) -> Scored {
        let passed = !self.odd_fail || episode.episode.is_multiple_of(2);
        let metrics = [("passed", f64::from(u8::from(passed))), ("score", 0.5)];
        let case = episode.events.iter().find_map(|event| event.text("case"));
        Scored {
            row: EpisodeRow {
                case: case.unwrap().to_owned(),
                metrics: metrics
                    .map(|(name, value)| (name.to_owned(), Some(value)))
                    .into(),
                ..EpisodeRow::default()
            },
            rounds: Vec::new(),
        }
    }
}

#[test]
fn cases_that_are_not_passed_any_more_are_the_flips_of_an_evaluation() {
    let place = Place::new();
    for (run, odd_fail) in [("one", false), ("two", true)] {
        place.ward(run, "--episodes 40 --seed 3 --set repeats=2");
        let data = serde_json::json!({"suite": "s", "cases": {}, "scorer": "rounds.scorer/1"});
        place.edit(run, |manifest| manifest["data"] = data);
        let named = ("default", serde_json::Map::new());
        let score = Passing { odd_fail };
        rounds::run::derive(named, &place.path(run), &score, |_, _| {}).unwrap();
    }
    let compared = place.json("compare one two");
    assert_eq!(compared["flips_of"], "passed");
    assert_eq!(verdict(&compared, "passed"), "worse");
    let same = verdict(&compared, "score");
    assert!(same.starts_with("no difference larger than"), "{same}");
    assert_eq!(
        (&compared["lost"], &compared["gained"]),
        (&40.into(), &0.into())
    );
    // Two repeats a case: the second of each is the odd episode.
    let flips = compared["flips"].as_array().unwrap();
    assert!(
        flips
            .iter()
            .all(|flip| flip["repeat"] == 1 && flip["change"] == "lost")
    );
    assert!(flips.iter().all(|flip| flip["first_difference"].is_null()));
    assert_eq!(compared["a"]["cases"], 40);
}

#[test]
fn restricted_runs_leave_no_text_of_records() {
    let place = Place::new();
    place.ward("one", "");
    place.ward("two", "--set policies.specialist.stop_at=0.5");
    place.edit("two", |manifest| manifest["restricted"] = true.into());
    place.works("compare one two --out out");
    for file in ["summary.json", "compare.md", "report.html"] {
        let text = fs::read_to_string(place.path("out").join(file)).unwrap();
        assert!(
            !text.contains("kb:") && text.contains("confident"),
            "{file}"
        );
    }
}

#[test]
fn a_leaderboard_joins_what_can_be_compared_and_tells_the_rest_apart() {
    let place = Place::new();
    let ward = shipped("ward.toml");
    place.works(&format!(
        "bench {} --quiet --out bench --vary agents.team.kind=dynamic,solo-fixed,generalist",
        ward.display()
    ));
    place.ward("again", "");
    place.works(&format!(
        "run {} --quiet --out records",
        shipped("records.toml").display()
    ));
    let ranked = place.json("leaderboard bench again records --cost questions --out out");
    let standings = ranked["standings"].as_array().unwrap();
    let names: Vec<&str> = standings
        .iter()
        .map(|s| s["name"].as_str().unwrap())
        .collect();
    assert_eq!(standings.len(), 4);
    let of = |part: &str| &standings[names.iter().position(|name| name.contains(part)).unwrap()];
    let (solo, dynamic, again) = (of("solo-fixed"), of("=dynamic"), of("again"));
    assert_eq!(solo["ranks"], serde_json::json!([4, 4]));
    assert_eq!(dynamic["ranks"], again["ranks"], "the same policy twice");
    assert_ne!(dynamic["ranks"][0], dynamic["ranks"][1]);
    let mut before = f64::INFINITY;
    for standing in standings {
        let mean = standing["mean"].as_f64().unwrap();
        assert!(mean <= before);
        before = mean;
        let beaten = standings.iter().any(|other| {
            other["mean"].as_f64() >= standing["mean"].as_f64()
                && other["cost"].as_f64() < standing["cost"].as_f64()
        });
        assert!(
            !(standing["on_front"].as_bool().unwrap() && beaten),
            "{standing}"
        );
    }
    assert_eq!(ranked["apart"][0]["name"], "records");
    let reason = ranked["apart"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("the set of metrics differs"), "{reason}");
    assert_eq!(ranked["comparisons"].as_array().unwrap().len(), 6);
    let page = fs::read_to_string(place.path("out/report.html")).unwrap();
    assert!(page.contains("<svg") && page.contains("href=\"../bench/report.html\""));
    assert!(
        fs::read_to_string(place.path("out/leaderboard.md"))
            .unwrap()
            .contains("Not ranked")
    );

    let text = place.works("leaderboard bench --cost tokens --metric questions");
    assert!(
        text.contains("less is better") && text.contains("tokens"),
        "{text}"
    );
    let (code, _, errors) = place.rounds("leaderboard bench --cost care_cost_us");
    assert_eq!(code, Some(2));
    assert!(
        errors.contains("did you mean \"care_cost_usd\"?"),
        "{errors}"
    );
}
