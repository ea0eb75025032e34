//! Whether a folder holds the run that is to be continued.

use std::path::Path;

use super::directory::Manifest;
use super::error::RunError;

/// Compares the run that is asked for with the one of a folder.
///
/// # Errors
/// [`RunError::OtherRun`] with the first thing that differs, the plainest first.
pub(super) fn same_run(path: &Path, asked: &Manifest, found: &Manifest) -> Result<(), RunError> {
    let differs = |what, expected: String, got: String| {
        Err(RunError::OtherRun {
            path: path.to_owned(),
            what,
            expected,
            got,
        })
    };
    for (what, expected, got) in [
        ("scenario", &asked.scenario, &found.scenario),
        ("seed", &asked.seed.to_string(), &found.seed.to_string()),
        ("arm", &asked.arm, &found.arm),
        (
            "number of episodes",
            &asked.episodes.to_string(),
            &found.episodes.to_string(),
        ),
        (
            "first episode",
            &asked.first.to_string(),
            &found.first.to_string(),
        ),
        ("divergence from a recording", &place(asked), &place(found)),
        (
            "set of data",
            &asked.data.to_string(),
            &found.data.to_string(),
        ),
    ] {
        if expected != got {
            return differs(what, expected.clone(), got.clone());
        }
    }
    if asked.hash == found.hash {
        return Ok(());
    }
    let only = |of: &Manifest, other: &Manifest| {
        let line = of
            .resolved
            .lines()
            .find(|line| !other.resolved.lines().any(|known| known == *line));
        line.map_or_else(|| "no such line".to_owned(), |line| format!("`{line}`"))
    };
    differs("setting", only(asked, found), only(found, asked))
}

/// Where a run leaves a recording.
fn place(manifest: &Manifest) -> String {
    let of = manifest.diverged.as_ref();
    of.map_or_else(
        || "none".to_owned(),
        |at| format!("{}:{} of {}", at.episode, at.round, at.sha256),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest(resolved: &str) -> Manifest {
        Manifest {
            schema: String::new(),
            scenario: "ward".to_owned(),
            arm: "default".to_owned(),
            seed: 7,
            first: 0,
            episodes: 4,
            hash: resolved.to_owned(),
            resolved: resolved.to_owned(),
            version: String::new(),
            data: serde_json::Value::Null,
            restricted: false,
            machine: serde_json::Value::Null,
            notice: String::new(),
            sent_to: Vec::new(),
            diverged: None,
        }
    }

    #[test]
    fn the_first_difference_is_told() {
        let asked = manifest("[limits]\nrounds = 10\n");
        let told = |found: &Manifest| {
            let error = same_run(Path::new("r"), &asked, found).unwrap_err();
            error.to_string()
        };
        assert!(same_run(Path::new("r"), &asked, &asked).is_ok());
        let settings = told(&manifest("[limits]\nrounds = 5\n"));
        assert!(settings.contains("expected `rounds = 10`, got `rounds = 5`"));
        let seed = told(&Manifest {
            seed: 8,
            ..manifest("")
        });
        assert!(seed.contains("another seed: expected 7, got 8"), "{seed}");
    }
}
