//! Runs that become data sets.

use std::path::Path;

use rounds::environments::control::data::read;
use serde_json::Value;

use super::ends::ends;

#[test]
fn episodes_of_a_run_become_a_data_set() {
    let place = tempfile::tempdir().unwrap();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("pointmass.toml");
    let run = [
        "run",
        shipped.to_str().unwrap(),
        "--arm",
        "expert",
        "--quiet",
        "--out",
        "run",
        "--set",
        "episodes=3",
        "--set",
        "repeats=1",
    ];
    ends(0, place.path(), &run);
    let import = [
        "data",
        "import",
        "rounds",
        "run",
        "--out",
        "sets/run.safetensors",
    ];
    let (card, _) = ends(0, place.path(), &import);
    assert!(
        card.contains("# point-mass, played by expert of pointmass"),
        "{card}"
    );
    assert!(
        card.contains("3 episodes, 150 steps; 0 ended by themselves, 3 were cut"),
        "{card}"
    );
    let data = read(&place.path().join("sets/run.safetensors"))
        .unwrap()
        .data;
    assert!(data.header().reference.is_some() && data.header().seeds == [7]);
    // What is seen next follows from what was done: the velocity by the action, the place by the velocity.
    for episode in data.iter() {
        let rows: Vec<&[f64]> = episode.observations.chunks(4).chain(episode.last).collect();
        for (pair, action) in rows.windows(2).zip(episode.actions.chunks(2)) {
            for axis in 0..2 {
                let speed =
                    (pair[0][axis + 2] + 0.2 * action[axis].clamp(-1.0, 1.0)).clamp(-2.0, 2.0);
                assert!(
                    (pair[1][axis + 2] - speed).abs() < 1e-5,
                    "{pair:?} {action:?}"
                );
                assert!(
                    (pair[1][axis] - pair[0][axis] - 0.1 * speed).abs() < 1e-5,
                    "{pair:?}"
                );
            }
        }
        let [x, y, ..] = rows[0] else { panic!() };
        assert!(x.abs() <= 1.0 && y.abs() <= 1.0);
    }
    // The returns are those of the run's own table.
    let (scores, _) = ends(0, place.path(), &["score", "run", "--json"]);
    let summary: Value = serde_json::from_str(&scores).unwrap();
    let mean = data.returns().iter().sum::<f64>() / 3.0;
    let told = summary["arms"][0]["metrics"]["return"]["mean"].as_f64();
    assert!((told.unwrap() - mean).abs() < 1e-9, "{told:?} {mean}");
    let (_, errors) = ends(2, place.path(), &import);
    assert!(errors.contains("is there already"), "{errors}");
    // Runs of other families, and folders that are none.
    let ward = Path::new(env!("CARGO_MANIFEST_DIR")).join("ward.toml");
    ends(
        0,
        place.path(),
        &[
            "run",
            ward.to_str().unwrap(),
            "--quiet",
            "--episodes",
            "1",
            "--out",
            "ward",
        ],
    );
    for (run, out, part) in [
        (
            "ward",
            "b.safetensors",
            "expected at least one finished episode of a control environment",
        ),
        ("sets", "b.safetensors", "holds no finished run"),
        ("run", "b.npz", "ends with .safetensors"),
        ("runn", "b.safetensors", "did you mean"),
    ] {
        let (_, errors) = ends(
            2,
            place.path(),
            &["data", "import", "rounds", run, "--out", out],
        );
        assert!(errors.contains(part), "{part}: {errors}");
    }
}
