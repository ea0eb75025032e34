//! Clinic days whose patients deteriorate, by the real binary: negative controls that hold exactly, no truth where agents
//! look, days before the test that are not those of the test, and clear words for what cannot be.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panic and tells what it read"
)]

mod bad_input;
mod bytes;
mod controls;
#[path = "../program/ends.rs"]
mod ends;
mod leak;
#[path = "../program/project.rs"]
mod project;
#[path = "../program/words.rs"]
mod words;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use project::{refuses, says};
use rounds::run::{Episode, EpisodeReader, RunDirectory};
use rounds::statistics::Summary;
use tempfile::TempDir;

/// The shipped scenario with two who send the staff, three ways to find a dose, short days and models that hardly learn.
/// Findings are often wrong, so that diagnoses are.
fn scenario() -> String {
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("hospital.toml");
    let mut text = format!(
        r#"schema = "rounds.scenario/1"
extends = {shipped:?}
name = "cut"
episodes = 8

[environment]
day_minutes = 300
warm_up_minutes = 30
restricted_to_minutes = 120
noise = {{ unknown = 0.2, flipped = 0.1 }}
regret = "none"

[data]
policies = ["protocol", "fixed"]
days = 1

[models.dt]
hidden = 8
layers = 1

[models.dt.training]
steps = 4
micro_batch = 8

[models.bc]
hidden = 8
layers = 1

[models.bc.training]
steps = 4
micro_batch = 8

[policies.dt]
choose_scores = [50, 100]
rollouts = 1

[agents.beds]
trainings = 2
"#
    );
    for sender in SENDERS {
        for doses in DOSES {
            text.push_str(&format!(
                "\n[[arms]]\nname = \"{sender} + {doses}\"\nset = {{ \"agents.team.policy\" = \"{sender}\", \
                 \"agents.beds.policy\" = \"{doses}\" }}\n"
            ));
        }
    }
    for scale in ["difference", "ratio"] {
        text.push_str(&format!(
            "\n[[interactions]]\nname = \"both\"\nmetric = \"harm\"\nscale = \"{scale}\"\narms = [\"rota + protocol\", \
             \"ma-spl + protocol\", \"rota + dt\", \"ma-spl + dt\"]\n"
        ));
    }
    text
}

const SENDERS: [&str; 2] = ["rota", "ma-spl"];
const DOSES: [&str; 3] = ["protocol", "bc", "dt"];
const CONFIGURATIONS: [&str; 4] = [
    "4 an hour",
    "7 an hour",
    "nobody deteriorates",
    "unlimited staff",
];

/// A folder with the scenario, and what is to stand behind it.
fn place(more: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cut.toml");
    fs::write(&file, scenario() + more).unwrap();
    (folder, file)
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The bench of all arms, run once for all tests that look at it.
struct Bench {
    /// Keeps the scenario.
    file: PathBuf,
    folder: PathBuf,
    summary: Summary,
    /// What it told while it ran.
    told: String,
}

static BENCH: LazyLock<Bench> = LazyLock::new(|| {
    // Nobody drops what is static, so the folder is one that is used again.
    let place = Path::new(env!("CARGO_TARGET_TMPDIR")).join("hospital");
    if place.exists() {
        fs::remove_dir_all(&place).unwrap();
    }
    fs::create_dir_all(&place).unwrap();
    let (file, folder) = (place.join("cut.toml"), place.join("bench"));
    fs::write(&file, scenario()).unwrap();
    let (_, told) = says(&["bench", text(&file), "--jobs", "2", "--out", text(&folder)]);
    let summary = fs::read(folder.join("summary.json")).unwrap();
    Bench {
        file,
        summary: serde_json::from_slice(&summary).unwrap(),
        folder,
        told,
    }
});

/// The run directory of an arm.
fn arm(bench: &Path, name: &str) -> PathBuf {
    let names = SENDERS
        .iter()
        .flat_map(|sender| DOSES.map(|doses| format!("{sender} + {doses}")));
    let number = names.into_iter().position(|known| known == name).unwrap();
    let mut all: Vec<PathBuf> = fs::read_dir(bench.join("arms"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    all.sort();
    all.swap_remove(number)
}

fn episodes(run: &Path) -> Vec<Episode> {
    let reader = EpisodeReader::open(&run.join(RunDirectory::EVENTS)).unwrap();
    reader.map(Result::unwrap).collect()
}
