//! What needs models on this machine: done by builds that have them, refused by others.

#[cfg(feature = "local")]
pub(crate) use super::generate::generate;
#[cfg(feature = "local")]
pub(crate) use super::train::{check_training, train, train_first};

#[cfg(not(feature = "local"))]
mod refused {
    use std::path::Path;

    use crate::cli::Failure;
    use crate::cli::args::{GenerateArgs, TrainArgs};
    use crate::schema::ScenarioSet;

    fn refuse<T>(what: &str) -> Result<T, Failure> {
        Err(Failure::Usage(format!(
            "this build cannot {what}: build with `cargo build --release --features local`"
        )))
    }

    pub(crate) fn train(_: &TrainArgs) -> Result<(), Failure> {
        refuse("train models")
    }

    pub(crate) fn generate(_: &GenerateArgs) -> Result<(), Failure> {
        refuse("run models on this machine")
    }

    pub(crate) fn check_training(_: &Path, _: &[String]) -> Result<String, Failure> {
        refuse("read training files")
    }

    /// Nothing can be trained here; the model itself is refused when it is made.
    pub(crate) fn train_first(_: &[ScenarioSet], _: &[usize], _: bool) -> Result<(), Failure> {
        Ok(())
    }
}

#[cfg(not(feature = "local"))]
pub(crate) use refused::{check_training, generate, train, train_first};
