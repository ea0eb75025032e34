//! What needs a library, in builds with and without it.

#[cfg(feature = "hdf5")]
use std::fs;
use std::path::{Path, PathBuf};

#[cfg(feature = "hdf5")]
use rounds::environments::control::data::read;

use super::ends::ends;

/// The folder of data sets in HDF5 that the project keeps.
fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/trajectory/fixtures")
}

#[cfg(feature = "hdf5")]
#[test]
fn data_sets_in_hdf5_are_read() {
    let place = tempfile::tempdir().unwrap();
    let [d4rl, minari] = ["d4rl_tiny.hdf5", "minari_tiny"].map(|name| fixtures().join(name));
    for (kind, path) in [("d4rl", &d4rl), ("minari", &minari)] {
        let path = path.to_str().unwrap();
        let out = format!("{kind}.safetensors");
        let (card, _) = ends(
            0,
            place.path(),
            &["data", "import", kind, path, "--out", &out],
        );
        let (again, _) = ends(0, place.path(), &["data", "check", path]);
        let counted = card
            .lines()
            .find(|line| line.contains(" episodes, "))
            .unwrap();
        assert!(again.contains(counted), "{card} {again}");
        assert!(read(&place.path().join(&out)).is_ok());
    }
    let bytes = fs::read(&d4rl).unwrap();
    fs::write(place.path().join("cut.hdf5"), &bytes[..bytes.len() / 2]).unwrap();
    let (_, errors) = ends(2, place.path(), &["data", "check", "cut.hdf5"]);
    assert!(
        errors.contains("cut.hdf5") && errors.contains("HDF5"),
        "{errors}"
    );
    let (_, errors) = ends(
        2,
        place.path(),
        &["data", "import", "minari", ".", "--out", "x.safetensors"],
    );
    assert!(errors.contains("cannot be read"), "{errors}");
}

#[cfg(not(feature = "hdf5"))]
#[test]
fn builds_without_hdf5_say_how_to_build() {
    let place = tempfile::tempdir().unwrap();
    let [d4rl, minari] = ["d4rl_tiny.hdf5", "minari_tiny"].map(|name| fixtures().join(name));
    for (kind, path) in [("d4rl", &d4rl), ("minari", &minari)] {
        let path = path.to_str().unwrap();
        for arguments in [
            &["data", "import", kind, path, "--out", "x.safetensors"][..],
            &["data", "check", path],
        ] {
            let (_, errors) = ends(2, place.path(), arguments);
            assert!(
                errors.contains("cargo build --release --features hdf5"),
                "{errors}"
            );
        }
    }
}

#[cfg(not(feature = "mujoco"))]
#[test]
fn builds_without_mujoco_say_how_to_build() {
    let place = tempfile::tempdir().unwrap();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("hopper.toml");
    let shipped = shipped.to_str().unwrap();
    // It can be read all the same: a mistake in it is told first.
    let wrong = ["check", shipped, "--set", "environment.step_limt=5"];
    let (_, errors) = ends(2, place.path(), &wrong);
    assert!(errors.contains("did you mean `step_limit`"), "{errors}");
    for arguments in [
        &["check", shipped][..],
        &["bench", shipped, "--quiet", "--out", "out"],
        &["data", "collect", "walker2d", "--out", "out"],
    ] {
        let (_, errors) = ends(2, place.path(), arguments);
        assert!(
            errors.contains("cargo build --release --features mujoco"),
            "{errors}"
        );
    }
}

#[cfg(feature = "mujoco")]
#[test]
fn bodies_are_played_and_have_no_expert() {
    let place = tempfile::tempdir().unwrap();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("hopper.toml");
    let shipped = shipped.to_str().unwrap();
    let run = [
        "run",
        shipped,
        "--arm",
        "random",
        "--quiet",
        "--out",
        "run",
        "--set",
        "episodes=2",
        "--set",
        "repeats=1",
    ];
    ends(0, place.path(), &run);
    let (card, _) = ends(
        0,
        place.path(),
        &[
            "data",
            "import",
            "rounds",
            "run",
            "--out",
            "run.safetensors",
        ],
    );
    assert!(
        card.contains("# hopper, played by random of hopper") && card.contains("normalised score"),
        "{card}"
    );
    for (setting, part) in [
        (
            "policies.dt={kind=\"expert\"}",
            "nobody has written an expert",
        ),
        (
            "environment.models=\"none\"",
            "names nothing that can be read",
        ),
        ("environment.step_limit=0", "is out of range"),
    ] {
        let (_, errors) = ends(
            2,
            place.path(),
            &["run", shipped, "--quiet", "--out", "none", "--set", setting],
        );
        assert!(errors.contains(part), "{setting}: {errors}");
    }
    let levels = [
        "data",
        "collect",
        "hopper",
        "--out",
        "none",
        "--set",
        "data.kind=levels",
    ];
    let (_, errors) = ends(2, place.path(), &levels);
    assert!(errors.contains("nobody has written an expert"), "{errors}");
}
