//! The tables `[models.NAME]`.

use std::{collections::BTreeMap, path::PathBuf};

use serde::Serialize;

use super::{
    candle::{CandleSpec, read_candle},
    diagnostics::{Problem, ProblemKind},
    openai::{OpenAiSpec, read_openai},
    paths::PathKind,
    reader::TableReader,
    trajectory::{LearnerSpec, read_learner},
    values::{Fault, choice, integer, items, string},
};

choice! {
    /// Kinds of model.
    enum ModelKind {
        /// Runs on this machine.
        Candle = "candle",
        /// Asks a server that speaks the protocol of OpenAI.
        OpenAi = "openai",
        /// Says what a script says.
        Scripted = "scripted",
        /// Says what was said in an earlier run.
        Replay = "replay",
        /// Acts in a control environment as it learnt from episodes.
        Trajectory = "trajectory",
    }
}

/// A model.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum ModelSpec {
    /// Runs on this machine.
    Candle(Box<CandleSpec>),
    /// Asks a server that speaks the protocol of OpenAI.
    #[serde(rename = "openai")]
    OpenAi(Box<OpenAiSpec>),
    /// Says what a script says: a file, or replies written in the scenario.
    Scripted {
        /// The file, unless `replies` are given.
        script: Option<PathBuf>,
        /// The replies in order, when no `script` is given.
        replies: Vec<String>,
        /// Shortest and longest time of a reply, in milliseconds.
        delay_ms: [u64; 2],
    },
    /// Says what was said in an earlier run.
    Replay {
        /// The file of calls of that run.
        calls: PathBuf,
    },
    /// Acts in a control environment as it learnt from episodes.
    Trajectory(Box<LearnerSpec>),
}

/// Reads `[models]`.
pub(crate) fn read_models<'a>(
    root: &mut TableReader<'a>,
) -> (Vec<&'a str>, BTreeMap<String, ModelSpec>) {
    let mut names = Vec::new();
    let mut models = BTreeMap::new();
    for (name, table) in root.named_tables("models") {
        names.push(name);
        if let Some(model) = read_model(table) {
            models.insert(name.to_owned(), model);
        }
    }
    (names, models)
}

fn read_model(mut table: TableReader<'_>) -> Option<ModelSpec> {
    if table.entry("kind").is_none() {
        table.missing("kind", "kind = \"openai\"");
        return None;
    }
    let model = match table.choice("kind")? {
        ModelKind::Candle => read_candle(&mut table).map(|spec| ModelSpec::Candle(Box::new(spec))),
        ModelKind::OpenAi => read_openai(&mut table).map(|spec| ModelSpec::OpenAi(Box::new(spec))),
        ModelKind::Scripted => read_script(&mut table),
        ModelKind::Trajectory => {
            // The types of the model know which keys there are.
            return read_learner(&mut table).map(|spec| ModelSpec::Trajectory(Box::new(spec)));
        }
        ModelKind::Replay => {
            if table.entry("calls").is_none() {
                table.missing("calls", "calls = \"calls.jsonl\"");
            }
            let calls = table.path("calls", PathKind::File);
            calls.map(|calls| ModelSpec::Replay { calls })
        }
    };
    table.finish();
    model
}

fn read_script(table: &mut TableReader<'_>) -> Option<ModelSpec> {
    let script = table.path("script", PathKind::File);
    let replies = table.get("replies", |node| {
        let replies = items(node)?.iter().map(string);
        let replies: Result<Vec<String>, Fault> = replies.collect();
        replies.map_err(|_| Fault::wrong_type("an array of strings"))
    });
    let delay_ms = table.get("delay_ms", |node| {
        const WORDS: &str = "two integers [least, most] in milliseconds";
        let [low, high] = items(node).map_err(|_| Fault::wrong_type(WORDS))? else {
            return Err(Fault::wrong_type(WORDS));
        };
        let delay = [integer(low, 0, u64::MAX)?, integer(high, 0, u64::MAX)?];
        if delay[0] <= delay[1] {
            Ok(delay)
        } else {
            Err(Fault::new(
                ProblemKind::OutOfRange,
                "[least, most] in this order",
            ))
        }
    });
    match (table.entry("script"), table.entry("replies")) {
        (Some(_), Some(replies)) => table.note(
            Problem::at(
                &replies.key,
                ProblemKind::Conflict,
                format!("`{}` is beside `script`", table.name("replies")),
                "a second source of replies",
            )
            .help("keep one of `script` and `replies`"),
        ),
        (None, None) => table.missing("script", "script = \"FILE\"` or `replies = [\"…\"]"),
        _ => {}
    }
    Some(ModelSpec::Scripted {
        script,
        replies: replies.unwrap_or_default(),
        delay_ms: delay_ms.unwrap_or([0, 0]),
    })
}
