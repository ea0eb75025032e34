//! The tables `[[interactions]]`: effects of two factors, on a scale that is stated beforehand.

use serde::Serialize;

use super::diagnostics::ProblemKind;
use super::reader::TableReader;
use super::values::{Fault, choice, items, string};
use crate::statistics::EffectScale;

choice! {
    /// Scales of effects.
    enum Scale {
        /// Effects are differences.
        Difference = "difference",
        /// Effects are ratios.
        Ratio = "ratio",
    }
}

/// An interaction that a scenario asks about.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct InteractionSpec {
    /// Its name.
    pub name: String,
    /// The metric.
    pub metric: String,
    /// The scale on which effects would add up.
    pub scale: EffectScale,
    /// Names of arms: neither factor, the first alone, the second alone, both.
    pub arms: [String; 4],
}

/// Reads `[[interactions]]`.
pub(super) fn read_interactions(root: &mut TableReader<'_>) -> Vec<InteractionSpec> {
    let tables = root.table_array("interactions");
    let read = tables.into_iter().filter_map(|mut table| {
        for (key, example) in [
            ("name", "name = \"assignment and doses\""),
            ("metric", "metric = \"harm\""),
            (
                "arms",
                "arms = [\"neither\", \"first\", \"second\", \"both\"]",
            ),
        ] {
            if table.entry(key).is_none() {
                table.missing(key, example);
            }
        }
        let name = table.string("name");
        let metric = table.string("metric");
        let scale = match table.entry("scale") {
            None => Some(Scale::Difference),
            Some(_) => table.choice("scale"),
        };
        let arms = table.get("arms", |node| {
            const WORDS: &str = "four names of arms: neither factor, the first, the second, both";
            let names: Result<Vec<String>, Fault> = items(node)?.iter().map(string).collect();
            let names = names.map_err(|_| Fault::wrong_type(WORDS))?;
            <[String; 4]>::try_from(names).map_err(|_| Fault::new(ProblemKind::OutOfRange, WORDS))
        });
        table.finish();
        Some(InteractionSpec {
            name: name?,
            metric: metric?,
            scale: match scale? {
                Scale::Difference => EffectScale::Difference,
                Scale::Ratio => EffectScale::Ratio,
            },
            arms: arms?,
        })
    });
    read.collect()
}
