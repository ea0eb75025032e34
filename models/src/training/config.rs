//! Configuration of a training run.

use serde::{Deserialize, Serialize};

use super::{
    DataConfig, GroupConfig, LoraConfig, PluginConfig, Schedule, SourceConfig, TrainError,
};

/// A training run, as a table of a TOML file; `D` is how its data become rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, bound(deserialize = "D: SourceConfig"))]
pub struct TrainConfig<D = DataConfig> {
    /// Seed of the order of data, of an adapter's first weights and of plugins.
    pub seed: u64,
    /// Steps of the optimizer.
    pub steps: u64,
    /// Rows of a micro-batch: what goes through the model at once.
    pub micro_batch: usize,
    /// Micro-batches of a step.
    pub accumulation: usize,
    /// Learning rate at the top of the schedule.
    pub learning_rate: f64,
    /// Weight decay where no group says otherwise.
    pub weight_decay: f64,
    /// Longest gradient; longer ones are shortened to it. 0: no limit.
    pub clip: f64,
    /// Most bytes the run may need; what the machine has free where it is missing.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_bytes: Option<u64>,
    /// Learning rate over the run.
    pub schedule: Schedule,
    /// Data to rows.
    pub data: D,
    /// Rule of the steps.
    pub optimizer: PluginConfig,
    /// What is minimised.
    pub objective: PluginConfig,
    /// Evaluation on the held-out set.
    pub evaluation: EvaluationConfig,
    /// What is kept to go on later.
    pub checkpoints: CheckpointConfig,
    /// Train an adapter instead of the model itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lora: Option<LoraConfig>,
    /// Parameters trained otherwise than the rest.
    pub groups: Vec<GroupConfig>,
    /// Plugins around the steps, called in this order.
    pub hooks: Vec<PluginConfig>,
}

/// When the held-out set is evaluated.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EvaluationConfig {
    /// Steps between evaluations; 0: only at the end.
    pub every: u64,
    /// Most micro-batches of an evaluation; 0: the whole held-out set.
    pub batches: usize,
}

/// What is kept to go on later.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CheckpointConfig {
    /// Steps between checkpoints; 0: only at the end.
    pub every: u64,
    /// Newest checkpoints kept.
    pub keep: usize,
}

impl<D: Default> Default for TrainConfig<D> {
    fn default() -> Self {
        Self {
            seed: 0,
            steps: 1000,
            micro_batch: 4,
            accumulation: 1,
            learning_rate: 3e-4,
            weight_decay: 0.1,
            clip: 1.0,
            memory_bytes: None,
            schedule: Schedule::default(),
            data: D::default(),
            optimizer: PluginConfig::named("adamw"),
            objective: PluginConfig::named("token_mean"),
            evaluation: EvaluationConfig::default(),
            checkpoints: CheckpointConfig::default(),
            lora: None,
            groups: Vec::new(),
            hooks: Vec::new(),
        }
    }
}

impl Default for EvaluationConfig {
    fn default() -> Self {
        Self {
            every: 100,
            batches: 0,
        }
    }
}

impl Default for CheckpointConfig {
    fn default() -> Self {
        Self {
            every: 100,
            keep: 2,
        }
    }
}

impl<D: SourceConfig> TrainConfig<D> {
    /// Whether the values can be used. Plugins check their own options when they are made.
    ///
    /// # Errors
    /// [`TrainError::Config`] naming the key.
    pub fn validate(&self) -> Result<(), TrainError> {
        if self.steps == 0 || self.steps > u64::from(u32::MAX) {
            return Err(TrainError::config("steps", "1 to 2^32 - 1", self.steps));
        }
        for (key, value) in [
            ("micro_batch", self.micro_batch),
            ("accumulation", self.accumulation),
            ("checkpoints.keep", self.checkpoints.keep),
        ] {
            if value == 0 {
                return Err(TrainError::config(key, "at least 1", value));
            }
        }
        let finite = |key: &str, value: f64, zero: bool| {
            if value.is_finite() && (value > 0.0 || (zero && value == 0.0)) {
                return Ok(());
            }
            Err(TrainError::config(
                key,
                if zero { "0 or more" } else { "above 0" },
                value,
            ))
        };
        finite("learning_rate", self.learning_rate, false)?;
        finite("weight_decay", self.weight_decay, true)?;
        finite("clip", self.clip, true)?;
        for (at, group) in self.groups.iter().enumerate() {
            let key = |field: &str| format!("groups.{}.{field}", group.name);
            if self.groups[..at]
                .iter()
                .any(|other| other.name == group.name)
                || group.name == "rest"
            {
                return Err(TrainError::config(
                    "groups",
                    "names that differ from each other and from rest",
                    &group.name,
                ));
            }
            finite(&key("rate"), group.rate, true)?;
            finite(
                &key("weight_decay"),
                group.weight_decay.unwrap_or(0.0),
                true,
            )?;
        }
        self.schedule.validate(self.steps)?;
        self.data.validate()?;
        if let Some(lora) = &self.lora {
            lora.validate()?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_read_and_written_again() {
        let text = r#"
            steps = 50
            schedule = { kind = "wsd", warmup = 5, decay = 10 }
            optimizer = { name = "adamw", beta2 = 0.95 }
            [data]
            length = 128
            layout = "packed"
            [lora]
            rank = 8
            targets = ["*.q_proj.weight"]
            [[groups]]
            name = "norms"
            parameters = ["*norm*"]
            weight_decay = 0.0
            [[hooks]]
            name = "alpha_decay"
            every = 500
        "#;
        let config: TrainConfig = toml::from_str(text).unwrap();
        config.validate().unwrap();
        assert_eq!(config.clip, 1.0);
        assert_eq!(config.hooks[0].options["every"].as_integer(), Some(500));
        let again: TrainConfig = toml::from_str(&toml::to_string(&config).unwrap()).unwrap();
        assert_eq!(again, config);
        TrainConfig::<DataConfig>::default().validate().unwrap();
    }

    #[test]
    fn faults_name_their_key() {
        let told = |text: &str| match toml::from_str::<TrainConfig>(text) {
            Ok(config) => config.validate().unwrap_err().to_string(),
            Err(error) => error.message().to_owned(),
        };
        assert!(told("stepz = 1").contains("stepz"));
        assert!(told("steps = 0").starts_with("steps: expected 1"));
        assert!(told("clip = -1.0").starts_with("clip: expected 0 or more"));
        assert!(told("learning_rate = nan").starts_with("learning_rate"));
        assert!(
            told("schedule = { kind = \"cosine\", warmup = 2000 }").starts_with("schedule.warmup")
        );
        assert!(told("schedule = { kind = \"cosine\", floors = 0.1 }").contains("floors"));
        assert!(told("data = { held_out = 1.0 }").starts_with("data.held_out"));
        assert!(told("lora = { rank = 0 }").starts_with("lora.rank"));
        assert!(told("groups = [{ name = \"rest\", parameters = [\"*\"] }]").starts_with("groups"));
    }
}
