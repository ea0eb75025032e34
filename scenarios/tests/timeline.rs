//! `[[timeline]]`: a setting changes at its time, and not before.

use std::fs;
use std::path::Path;
use std::process::Command;

use rounds::run::EpisodeReader;

#[test]
fn tests_that_go_down_are_not_recorded_from_then_on() {
    let folder = tempfile::tempdir().unwrap();
    let ward = Path::new(env!("CARGO_MANIFEST_DIR")).join("ward.toml");
    let scenario = folder.path().join("outage.toml");
    let text = format!(
        "schema = \"rounds.scenario/1\"\nextends = {:?}\nname = \"outage\"\nepisodes = 60\n\
         [agents.team]\nkind = \"generalist\"\n\
         [[timeline]]\nat = \"00:10\"\nset = {{ \"environment.tests\" = \"down\" }}\n",
        ward.display().to_string()
    );
    fs::write(&scenario, text).unwrap();
    let out = folder.path().join("run");
    let output = Command::new(env!("CARGO_BIN_EXE_rounds"))
        .args(["run", "--quiet", "--out"])
        .args([&out, &scenario])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let (mut changed, mut refused) = (0, 0);
    for episode in EpisodeReader::open(&out.join("events.jsonl")).unwrap() {
        let mut down = false;
        for event in episode.unwrap().events {
            let not_recorded = event.text("answer") == Some("not_recorded");
            match event.kind.as_str() {
                "changed" => {
                    assert!(event.minute.unwrap() >= 10.0);
                    assert_eq!(event.text("setting"), Some("tests"));
                    down = true;
                    changed += 1;
                }
                "answered" if down => refused += usize::from(not_recorded),
                "answered" => assert!(!not_recorded, "tests were still up: {event:?}"),
                _ => {}
            }
        }
    }
    assert!(
        changed > 20 && refused > 10,
        "{changed} changes, {refused} refused"
    );
}
