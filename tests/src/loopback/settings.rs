//! What a loopback server is told when it starts.

use std::net::{IpAddr, Ipv4Addr};

use rounds_models::{Delay, ScriptedRules};

use super::faults::{Fault, FaultPlan};

/// Settings of a loopback server. The defaults serve the model `loopback` without key, latency
/// and faults on a free port.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// Address to listen on: a loopback address.
    pub address: IpAddr,
    /// Port to listen on; 0 takes a free one.
    pub port: u16,
    /// Names of the models that it serves.
    pub models: Vec<String>,
    /// Key that requests must bear; none asks for none.
    pub key: Option<String>,
    /// Root of all choices: replies, latencies and faults.
    pub seed: u64,
    /// Latency of a request, from its arrival; `None` takes the script's, or none.
    pub latency: Option<Delay>,
    /// What goes wrong.
    pub faults: FaultPlan,
    /// Seconds that a reply with status 429 asks to wait.
    pub retry_after_s: u32,
    /// Time over which a slow body comes, in milliseconds.
    pub slow_body_ms: u64,
    /// Most words of a prompt and its reply together.
    pub max_context: u64,
    /// Rules that give the replies; none takes the schema of the request or the server's rules.
    pub script: Option<ScriptedRules>,
    /// Replies wait until this many requests wait together; 0 and 1 do not wait. Tests of
    /// concurrency need no clock with it.
    pub gather: usize,
    /// Most requests that are kept to look at; the oldest go first.
    pub keep: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            address: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: 0,
            models: vec!["loopback".to_owned()],
            key: None,
            seed: 0,
            latency: None,
            faults: FaultPlan::default(),
            retry_after_s: 1,
            slow_body_ms: 2000,
            max_context: 32_768,
            script: None,
            gather: 0,
            keep: 10_000,
        }
    }
}

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// Other machines could reach the address.
    #[error(
        "address: expected a loopback address (127.0.0.0/8 or ::1), got {got}; \
         this server is for this machine only"
    )]
    Address {
        /// What was given.
        got: IpAddr,
    },
    /// There is no model, or one without a name.
    #[error("models: expected at least one name, none of them empty, got {got:?}")]
    Models {
        /// What was given.
        got: Vec<String>,
    },
    /// The key is empty.
    #[error("key: expected at least one character, got none")]
    Key,
    /// No prompt fits.
    #[error("max_context: expected at least 1 word, got 0")]
    Context,
    /// The bounds of the latency are the wrong way round.
    #[error("latency: expected lowest..=highest milliseconds, got {lo}..={hi}")]
    Latency {
        /// First bound.
        lo: u64,
        /// Second bound.
        hi: u64,
    },
    /// There is no such fault.
    #[error("fault: expected one of {known}, got {got}")]
    UnknownFault {
        /// What was given.
        got: String,
        /// The names that exist.
        known: String,
    },
    /// A rate is no share.
    #[error("rate of fault {fault}: expected a number in 0..=1, got {got}")]
    Rate {
        /// Whose rate.
        fault: Fault,
        /// What was given.
        got: f64,
    },
    /// The rates add up to more than all attempts.
    #[error("rates of faults: expected at most 1 together, got {got}")]
    Rates {
        /// Their sum.
        got: f64,
    },
    /// The rules are not valid.
    #[error("script: the rules are not valid")]
    Script(#[from] rounds_models::ScriptError),
}

impl Settings {
    /// Checks every setting.
    ///
    /// # Errors
    /// The first [`SettingsError`] that is found.
    pub fn validate(&self) -> Result<(), SettingsError> {
        if !self.address.is_loopback() {
            return Err(SettingsError::Address { got: self.address });
        }
        if self.models.is_empty() || self.models.iter().any(String::is_empty) {
            let got = self.models.clone();
            return Err(SettingsError::Models { got });
        }
        if self.key.as_ref().is_some_and(String::is_empty) {
            return Err(SettingsError::Key);
        }
        if self.max_context == 0 {
            return Err(SettingsError::Context);
        }
        if let Some(Delay { lo_ms, hi_ms }) = self.latency
            && lo_ms > hi_ms
        {
            let (lo, hi) = (lo_ms, hi_ms);
            return Err(SettingsError::Latency { lo, hi });
        }
        if let Some(rules) = &self.script {
            rules.validate()?;
        }
        self.faults.validate()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(change: fn(&mut Settings)) -> SettingsError {
        let mut settings = Settings::default();
        assert!(settings.validate().is_ok());
        change(&mut settings);
        settings.validate().unwrap_err()
    }

    #[test]
    fn only_loopback_addresses_are_taken() {
        let error = error(|s| s.address = IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        assert!(error.to_string().contains("got 0.0.0.0"), "{error}");
        let six = Settings {
            address: IpAddr::V6(std::net::Ipv6Addr::LOCALHOST),
            ..Settings::default()
        };
        assert!(six.validate().is_ok());
    }

    #[test]
    fn settings_that_make_no_sense_are_named() {
        let no_models = error(|s| s.models.clear());
        assert!(matches!(no_models, SettingsError::Models { .. }));
        let no_key = error(|s| s.key = Some(String::new()));
        assert!(matches!(no_key, SettingsError::Key));
        let no_context = error(|s| s.max_context = 0);
        assert!(matches!(no_context, SettingsError::Context));
        let turned = error(|s| s.latency = Some(Delay { lo_ms: 9, hi_ms: 3 }));
        assert!(matches!(turned, SettingsError::Latency { lo: 9, hi: 3 }));
    }
}
