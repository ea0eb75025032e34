//! Episodes that are played for data.

use std::fs;

use rounds::environments::control::data::read;
use serde_json::Value;

use super::ends::ends;

#[test]
fn all_levels_are_played_by_one_command() {
    let place = tempfile::tempdir().unwrap();
    let collect = |out: &str, seed: &str| {
        let arguments = [
            "data",
            "collect",
            "point-mass",
            "--out",
            out,
            "--episodes",
            "20",
            "--seed",
            seed,
        ];
        ends(0, place.path(), &arguments).0
    };
    let told = collect("a", "3");
    let mut scores = Vec::new();
    for level in [
        "random",
        "medium",
        "medium-replay",
        "expert",
        "medium-expert",
    ] {
        let file = place.path().join(format!("a/{level}.safetensors"));
        let data = read(&file).unwrap().data;
        assert_eq!((data.episodes(), data.steps()), (20, 20 * 50), "{level}");
        assert!(
            data.last_observations().is_some() && data.header().seeds == [3],
            "{level}"
        );
        let reference = data.header().reference.unwrap();
        let mean = data.returns().iter().sum::<f64>() / 20.0;
        scores.push(reference.score(mean));
        assert!(
            told.contains(&format!("# point-mass, played by {level}, ")),
            "{told}"
        );
        let (card, _) = ends(0, place.path(), &["data", "check", file.to_str().unwrap()]);
        assert!(
            card.contains("20 episodes, 1000 steps") && card.contains("## Returns"),
            "{card}"
        );
    }
    let [random, medium, replay, expert, both] = scores[..] else {
        panic!("{scores:?}");
    };
    assert!(
        random.abs() < 1e-9 && (expert - 100.0).abs() < 1e-9,
        "{scores:?}"
    );
    assert!(
        random < replay && medium < both && both < expert,
        "{scores:?}"
    );
    collect("b", "3");
    collect("c", "4");
    let bytes =
        |folder: &str| fs::read(place.path().join(folder).join("medium.safetensors")).unwrap();
    assert!(
        bytes("a") == bytes("b"),
        "the same seed gives the same bytes"
    );
    assert!(bytes("a") != bytes("c"), "another seed gives others");
}

#[test]
fn a_policy_that_learns_makes_the_levels_where_no_expert_is() {
    let place = tempfile::tempdir().unwrap();
    let arguments = [
        "data",
        "collect",
        "point-mass",
        "--out",
        "sets",
        "--episodes",
        "10",
        "--set",
        "data.kind=ars",
        "--set",
        "data.search={steps=20000, step=0.1, noise=0.1}",
        "--level",
        "expert",
        "--level",
        "random",
        "--level",
        "medium-replay",
        "--json",
    ];
    let (out, _) = ends(0, place.path(), &arguments);
    let cards: Value = serde_json::from_str(&out).unwrap();
    let mean = |at: usize| cards[at]["card"]["returns"]["mean"].as_f64().unwrap();
    assert_eq!(cards[2]["level"], "medium-replay");
    assert!(
        mean(0) > mean(1),
        "the policy that learnt is better than chance: {out}"
    );
    assert_eq!(
        cards[2]["card"]["episodes"].as_u64().unwrap() % 16,
        0,
        "whole iterations"
    );
    let (_, errors) = ends(
        2,
        place.path(),
        &[
            "data",
            "collect",
            "point-mass",
            "--out",
            "none",
            "--set",
            "data.kind=mixture",
        ],
    );
    assert!(errors.contains("have no levels"), "{errors}");
}

#[test]
fn wrong_words_of_collect_are_told() {
    let place = tempfile::tempdir().unwrap();
    fs::create_dir(place.path().join("full")).unwrap();
    fs::write(place.path().join("full/expert.safetensors"), "mine").unwrap();
    for (arguments, part) in [
        (
            &["pendulum", "--out", "x", "--level", "mediun"][..],
            "'medium'",
        ),
        (&["pendulun", "--out", "x"], "'pendulum'"),
        (
            &["pendulum", "--out", "x", "--episodes", "1"],
            "expected at least 2",
        ),
        (
            &["pendulum", "--out", "x", "--set", "data.episods=3"],
            "did you mean `episodes`",
        ),
        (
            &["pendulum", "--out", "x", "--set", "data.level=mediun"],
            "did you mean `medium`",
        ),
        (
            &["pendulum", "--out", "x", "--set", "environment.gravty=3"],
            "did you mean `gravity`",
        ),
        (
            &["pendulum", "--out", "full", "--level", "expert"],
            "is there already",
        ),
    ] {
        let arguments = [&["data", "collect"], arguments].concat();
        let (_, errors) = ends(2, place.path(), &arguments);
        assert!(errors.contains(part), "{arguments:?}: {errors}");
    }
    let kept = fs::read_to_string(place.path().join("full/expert.safetensors")).unwrap();
    assert_eq!(kept, "mine");
    assert!(!place.path().join("x").exists());
}
