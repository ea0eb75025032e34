//! What can be typed after `rounds plan`.

use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Clone, Args)]
pub(crate) struct PlanArgs {
    /// The scenario, a TOML file.
    pub(crate) scenario: PathBuf,
    /// Plan with another model, as --model of rounds run: openai/NAME, URL#NAME, or a folder
    /// of weights. It is not asked.
    #[arg(long, value_name = "MODEL")]
    pub(crate) model: Option<String>,
    /// Change a setting of the scenario; may be given several times.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Seed of the run; by default that of the scenario.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) seed: Option<u64>,
    /// Number of cases, at least 1; by default that of the scenario.
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub(crate) episodes: Option<u32>,
    /// The arm to plan; by default all of them.
    #[arg(long, value_name = "NAME")]
    pub(crate) arm: Option<String>,
    /// An earlier run whose calls.jsonl says what episodes take: a run directory, a bench, or
    /// "latest". By default the latest of this scenario and arm under runs/.
    #[arg(long, value_name = "RUN", conflicts_with = "rehearse")]
    pub(crate) from: Option<PathBuf>,
    /// Use no earlier run: rehearse.
    #[arg(long)]
    pub(crate) rehearse: bool,
    /// Episodes that are rehearsed.
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) sample: u32,
    /// Characters of a token; by default those of the earlier run, else 4.
    #[arg(long, value_name = "X", value_parser = above_zero, allow_negative_numbers = true)]
    pub(crate) chars_per_token: Option<f64>,
    /// Seconds until a reply; by default those of the earlier run, else 2.
    #[arg(long, value_name = "S", value_parser = above_zero, allow_negative_numbers = true)]
    pub(crate) latency_s: Option<f64>,
    /// Requests that the models answer at one time; by default what they allow.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) concurrency: Option<u32>,
    /// Print the plan as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

fn above_zero(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(x) if f64::is_finite(x) && x > 0.0 => Ok(x),
        _ => Err(format!("expected a number above 0, got {text:?}")),
    }
}
