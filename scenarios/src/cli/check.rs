//! `rounds check`.

use super::args::CheckArgs;
use super::{Failure, print};
use crate::clinic::{Cassette, build};
use crate::schema::{Overrides, Scenario};

/// Checks a scenario, its arms, and the data that it names; or data itself.
pub(crate) fn check(arguments: &CheckArgs) -> Result<(), Failure> {
    let file = &arguments.file;
    if file.is_dir() || file.extension().is_some_and(|e| e == "json" || e == "csv") {
        return super::data::check_path(file);
    }
    let overrides = Overrides {
        set: arguments.set.clone(),
        ..Overrides::default()
    };
    let set = Scenario::load(&arguments.file, &overrides)?;
    let mut text = format!(
        "{}: a scenario with {} arm(s)\n",
        arguments.file.display(),
        set.arms.len()
    );
    for arm in &set.arms {
        let built = build(&set, arm, &Cassette::default())?;
        text.push_str(&format!(
            "  {}: {} episodes, {} conditions, {} findings\n",
            arm.name,
            built.experiment.manifest.episodes,
            built.knowledge.conditions().len(),
            built.knowledge.findings().len()
        ));
    }
    text.push_str("no fault found\n");
    print(&text);
    Ok(())
}
