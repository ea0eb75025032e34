//! What can be typed of every command that runs something.

use std::ops::Range;
use std::path::PathBuf;

use clap::Args;

use crate::schema::{ModelChoice, Overrides};

/// Options of every command that runs something.
#[derive(Debug, Clone, Args)]
pub(crate) struct Common {
    /// The scenario or suite, a TOML file.
    pub(crate) scenario: PathBuf,
    /// Change a setting of the scenario; may be given several times.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Seed of the run; by default that of the scenario. The same seed gives the same bytes.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) seed: Option<u64>,
    /// Run with every seed from A up to, not including, B, each with cases of its own; results are
    /// of all of them together.
    #[arg(long, value_name = "A..B", value_parser = seeds, conflicts_with = "seed")]
    pub(crate) seeds: Option<Range<u64>>,
    /// Number of cases, at least 1; by default that of the scenario.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) episodes: Option<u32>,
    /// Worker worlds; results do not depend on it. 0 takes one for each core.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        allow_negative_numbers = true
    )]
    pub(crate) jobs: usize,
    /// Folder for the results, which must not hold anything; by default a new one under runs/.
    #[arg(long, value_name = "DIR", conflicts_with = "resume")]
    pub(crate) out: Option<PathBuf>,
    /// Continue the interrupted run in this folder; a missing or empty one is a fresh start.
    #[arg(long, value_name = "DIR")]
    pub(crate) resume: Option<PathBuf>,
    /// Answer the calls of models from the calls.jsonl of an earlier run.
    #[arg(long, value_name = "FILE")]
    pub(crate) replay: Option<PathBuf>,
    /// Give the scenario a model: openai/NAME, URL#NAME for a server of your own, or a folder
    /// or GGUF file of weights. It takes the place of every model of the scenario; where no policy of
    /// the team asks one, the team is given one that does.
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: Option<String>,
    /// Environment variable that holds the key of the server of --model.
    #[arg(long, value_name = "VARIABLE", requires = "model")]
    pub(crate) key_env: Option<String>,
    /// Let the text of restricted records leave this machine for this host; may be given several
    /// times.
    #[arg(long, value_name = "HOST")]
    pub(crate) send_restricted_to: Vec<String>,
    /// Leave the recording of --replay: from round R of episode E on, that episode is decided anew.
    #[arg(long, value_name = "E:R", requires = "replay", conflicts_with = "seeds", value_parser = place)]
    pub(crate) diverge_at: Option<(u32, u32)>,
    /// Let the scenario start the programs of its policies of kind "process".
    #[arg(long)]
    pub(crate) allow_process: bool,
    /// Print summary.json instead of tables.
    #[arg(long)]
    pub(crate) json: bool,
    /// Print results only: no progress, no story.
    #[arg(long)]
    pub(crate) quiet: bool,
}

impl Common {
    /// What these options change in the file, with `seed`.
    pub(crate) fn overrides(&self, seed: Option<u64>) -> Overrides {
        Overrides {
            set: self.set.clone(),
            seed,
            episodes: self.episodes,
            vary: Vec::new(),
            model: self.model.as_ref().map(|model| ModelChoice {
                model: model.clone(),
                key_env: self.key_env.clone(),
            }),
        }
    }
}

/// Seeds that one command may run with.
pub(crate) const MOST_SEEDS: u64 = 10_000;

fn place(text: &str) -> Result<(u32, u32), String> {
    let expected =
        || format!("expected EPISODE:ROUND, two numbers from 0 such as 3:2, got {text:?}");
    let (episode, round) = text.split_once(':').ok_or_else(expected)?;
    let read = |part: &str| part.parse::<u32>().map_err(|_| expected());
    Ok((read(episode)?, read(round)?))
}

fn seeds(text: &str) -> Result<Range<u64>, String> {
    let expected = || format!("expected A..B with A below B, such as 0..5, got {text:?}");
    let (from, to) = text.split_once("..").ok_or_else(expected)?;
    let read = |part: &str| part.trim().parse::<u64>().map_err(|_| expected());
    let seeds = read(from)?..read(to)?;
    match seeds.end.saturating_sub(seeds.start) {
        0 => Err(expected()),
        1..=MOST_SEEDS => Ok(seeds),
        count => Err(format!("expected at most {MOST_SEEDS} seeds, got {count}")),
    }
}

#[cfg(test)]
mod tests {
    use super::{place, seeds};

    #[test]
    fn a_place_is_an_episode_and_a_round() {
        assert_eq!(place("3:2"), Ok((3, 2)));
        for wrong in ["3", "3:", ":2", "a:b", "-1:2", "1:2:3", "1.5:2", ""] {
            assert!(place(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn seeds_are_a_range_that_is_not_empty() {
        assert_eq!(seeds("3..6"), Ok(3..6));
        for wrong in ["3", "3..3", "6..3", "a..b", "-1..2", "..", "0..20000"] {
            assert!(seeds(wrong).is_err(), "{wrong}");
        }
    }
}
