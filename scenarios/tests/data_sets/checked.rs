//! Files of episodes that are checked.

use std::fs;
use std::path::Path;

use rounds::environments::control::data::{End, Episode, Header, Trajectories, write};
use serde_json::Value;

use super::ends::ends;

/// Two episodes of three and two steps, whose second dimension never changes.
fn small() -> Trajectories {
    let header = Header {
        environment: "here".to_owned(),
        collector: "a test".to_owned(),
        ..Header::default()
    };
    let mut data = Trajectories::new(header, 2, 1).unwrap();
    for steps in [3, 2] {
        let seen: Vec<f64> = (0..steps).flat_map(|t| [f64::from(t), 7.0]).collect();
        let rewards = vec![1.0; steps as usize];
        data.push(Episode {
            observations: &seen,
            actions: &vec![-1.5; steps as usize],
            rewards: &rewards,
            end: End::Timeout,
            last: Some(&[9.0, 7.0]),
        })
        .unwrap();
    }
    data
}

/// Puts a number into an array of a file of single precision.
fn spoil(path: &Path, array: &str, at: usize, number: f32) {
    let mut bytes = fs::read(path).unwrap();
    let length = u64::from_le_bytes(bytes[..8].try_into().unwrap()) as usize;
    let head: Value = serde_json::from_slice(&bytes[8..8 + length]).unwrap();
    assert_eq!(head[array]["dtype"], "F32");
    let start = 8 + length + head[array]["data_offsets"][0].as_u64().unwrap() as usize + 4 * at;
    bytes[start..start + 4].copy_from_slice(&number.to_le_bytes());
    fs::write(path, bytes).unwrap();
}

#[test]
fn oddities_are_told_and_are_no_errors() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("odd.safetensors");
    write(&file, &small()).unwrap();
    for command in [
        &["data", "check", "odd.safetensors"][..],
        &["check", "odd.safetensors"],
    ] {
        let (card, _) = ends(0, place.path(), command);
        for part in [
            "2 episodes, 5 steps; 0 ended by themselves, 2 were cut",
            "dimension 1 of the observations is always 7",
            "5 numbers of actions are outside -1 to 1, the first is -1.5 in episode 0, step 0, dimension 0",
            "2 warnings, no error",
        ] {
            assert!(card.contains(part), "{part}: {card}");
        }
    }
}

#[test]
fn the_first_offender_is_named() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("bad.safetensors");
    let told = |spoilt: &dyn Fn()| {
        write(&file, &small()).unwrap();
        spoilt();
        ends(2, place.path(), &["data", "check", "bad.safetensors"]).1
    };
    for (array, at, part) in [
        (
            "observations",
            7,
            "array observations: expected finite numbers, got NaN in episode 1, step 0, dimension 1",
        ),
        (
            "actions",
            2,
            "array actions: expected finite numbers, got NaN in episode 0, step 2, dimension 0",
        ),
        (
            "rewards",
            4,
            "array rewards: expected finite numbers, got NaN in episode 1, step 1",
        ),
        (
            "last_observations",
            3,
            "array last_observations: expected finite numbers, got NaN in episode 1, step 2, dimension 1",
        ),
    ] {
        let errors = told(&|| spoil(&file, array, at, f32::NAN));
        assert!(
            errors.contains("bad.safetensors") && errors.contains(part),
            "{part}: {errors}"
        );
    }
    let errors = told(&|| spoil(&file, "rewards", 0, 5.0));
    assert!(
        errors.contains("returns that the metadata names"),
        "{errors}"
    );
    let errors = told(&|| fs::write(&file, "").unwrap());
    assert!(errors.contains("not a safetensors file"), "{errors}");
    let errors = told(&|| {
        let bytes = fs::read(&file).unwrap();
        fs::write(&file, &bytes[..bytes.len() - 3]).unwrap();
    });
    assert!(errors.contains("not a safetensors file"), "{errors}");
    // A scenario that learns from it says the same.
    let scenario = "schema = \"rounds.scenario/1\"\nname = \"bad\"\nagents.team.policy = \"bc\"\n\
        environment.kind = \"point-mass\"\n[data]\nkind = \"file\"\npath = \"bad.safetensors\"\n\
        [models.bc]\nkind = \"trajectory\"\narchitecture = \"bc\"\n\
        [policies.bc]\nkind = \"learned\"\nmodel = \"bc\"\n";
    fs::write(place.path().join("bad.toml"), scenario).unwrap();
    let (_, errors) = ends(
        2,
        place.path(),
        &["run", "bad.toml", "--quiet", "--out", "out"],
    );
    assert!(errors.contains("not a safetensors file"), "{errors}");
}
