//! `rounds generate`.

use std::fmt::Display;
use std::fs;
use std::io::{IsTerminal, Read, Write};
use std::path::Path;

use rounds_models::local::device::{ChoiceError, ComputeDevice, Precision};
use rounds_models::local::engine::{Form, Generated, GenerationRequest};
use rounds_models::local::model::{LocalModel, LocalOptions};
use rounds_models::local::text::{DrawKey, Sampling, StopReason};
use rounds_models::{Message, Schema};
use serde_json::{Value, json};

use super::args::GenerateArgs;
use super::{Failure, print};
use crate::speech::with_causes;

/// Asks a model on this machine.
pub(crate) fn generate(arguments: &GenerateArgs) -> Result<(), Failure> {
    let form = form_of(arguments)?;
    let prompt = prompt_of(arguments)?;
    let wrong = |error: ChoiceError| Failure::Usage(with_causes(&error));
    let dtype = arguments
        .dtype
        .as_deref()
        .map(str::parse::<Precision>)
        .transpose();
    let options = LocalOptions {
        template: arguments.template.clone(),
        device: arguments.device.parse::<ComputeDevice>().map_err(wrong)?,
        dtype: dtype.map_err(wrong)?,
        threads: arguments.threads.map(|n| n as usize),
        sequences: arguments.replies.min(64) as usize,
        ..LocalOptions::default()
    };
    let model = LocalModel::load(&arguments.model, &options)
        .map_err(|error| Failure::Usage(with_causes(&error)))?;
    if !arguments.quiet {
        tell(format_args!(
            "{}: {}\n",
            arguments.model.display(),
            model.memory()
        ));
    }
    let base = request(arguments, &model, prompt, form)?;
    // One reply is heard while it comes; several come at their ends, in order.
    let streams = arguments.replies == 1 && !arguments.json;
    let pending: Vec<_> = (0..u64::from(arguments.replies))
        .map(|number| {
            let request = GenerationRequest {
                draw: DrawKey {
                    request: number,
                    ..base.draw
                },
                ..base.clone()
            };
            model.generate(request, streams.then(|| Box::new(print) as _))
        })
        .collect();
    for (number, pending) in pending.into_iter().enumerate() {
        let ended = pending
            .blocking_recv()
            .map_err(|_| Failure::Cut("the engine has ended".to_owned()))?;
        let generated = ended.map_err(|error| Failure::Usage(with_causes(&error)))?;
        show(arguments, number, &generated, streams);
        if !base.form.is_free() && !generated.reason.is_complete() {
            return Err(Failure::Cut(format!(
                "the reply was cut off after {} tokens, before it had the form that was asked for: \
                 raise --max-tokens",
                generated.tokens.len()
            )));
        }
    }
    Ok(())
}

fn request(
    arguments: &GenerateArgs,
    model: &LocalModel,
    prompt: String,
    form: Form,
) -> Result<GenerationRequest, Failure> {
    let (ids, stops) = if arguments.raw {
        let ids = model.tokenizer().encode(&prompt, true);
        (
            ids.map_err(|error| Failure::Usage(with_causes(&error)))?,
            Vec::new(),
        )
    } else {
        let system = arguments
            .system
            .iter()
            .map(|text| Message::new("system", text));
        let messages: Vec<Message> = system.chain([Message::new("user", prompt)]).collect();
        let ids = model.encode(&messages).map_err(|error| {
            Failure::Usage(format!(
                "{}; --raw continues the prompt without a template, --template names one",
                with_causes(&error)
            ))
        })?;
        (ids, model.stop_strings())
    };
    let sampling = Sampling {
        temperature: arguments.temperature,
        top_k: arguments.top_k as usize,
        top_p: arguments.top_p,
        min_p: arguments.min_p,
        repetition_penalty: arguments.repetition_penalty,
        ..Sampling::default()
    };
    Ok(GenerationRequest {
        prompt: ids,
        sampling,
        max_tokens: arguments.max_tokens.into(),
        stop: arguments.stop.iter().cloned().chain(stops).collect(),
        form,
        draw: DrawKey {
            seed: arguments.seed,
            request: 0,
        },
        logprobs: arguments.json,
    })
}

fn form_of(arguments: &GenerateArgs) -> Result<Form, Failure> {
    let read = |path: &Path| {
        let text = fs::read_to_string(path);
        text.map_err(|error| Failure::Usage(format!("{}: {error}", path.display())))
    };
    if let Some(path) = &arguments.schema {
        let schema: Value = serde_json::from_str(&read(path)?)
            .map_err(|error| Failure::Usage(format!("{}: not JSON: {error}", path.display())))?;
        return Ok(Form::JsonSchema(Schema::new(&schema)));
    }
    if let Some(expression) = &arguments.regex {
        return Ok(Form::Regex(expression.clone()));
    }
    match &arguments.grammar {
        Some(path) => Ok(Form::Lark(read(path)?)),
        None => Ok(Form::Free),
    }
}

fn prompt_of(arguments: &GenerateArgs) -> Result<String, Failure> {
    if let Some(prompt) = &arguments.prompt {
        return Ok(prompt.clone());
    }
    if std::io::stdin().is_terminal() {
        tell("The prompt, ended by an empty line and Ctrl-D:\n");
    }
    let mut text = String::new();
    std::io::stdin()
        .read_to_string(&mut text)
        .map_err(|error| Failure::Usage(format!("standard input: {error}")))?;
    let text = text.strip_suffix('\n').map(str::to_owned).unwrap_or(text);
    match text.is_empty() {
        true => Err(Failure::Usage(
            "there is no prompt: give --prompt, or write it to standard input".to_owned(),
        )),
        false => Ok(text),
    }
}

fn show(arguments: &GenerateArgs, number: usize, generated: &Generated, streamed: bool) {
    if arguments.json {
        let tokens: Vec<Value> = generated
            .logprobs
            .iter()
            .zip(&generated.tokens)
            .map(|(token, id)| json!({"id": id, "token": token.token, "logprob": token.logprob}))
            .collect();
        let line = json!({
            "number": number,
            "text": generated.text,
            "reason": generated.reason,
            "prompt_tokens": generated.prompt_tokens,
            "completion_tokens": generated.tokens.len(),
            "tokens": tokens,
        });
        print(&format!("{line}\n"));
        return;
    }
    if streamed {
        print("\n");
    } else {
        if !arguments.quiet {
            print(&format!("-- {number}\n"));
        }
        print(&format!("{}\n", generated.text));
    }
    if !arguments.quiet {
        let why = match generated.reason {
            StopReason::Length => ", cut off by --max-tokens",
            StopReason::Context => ", cut off by the context",
            _ => "",
        };
        tell(format_args!(
            "{} tokens of prompt, {} of reply{why}\n",
            generated.prompt_tokens,
            generated.tokens.len()
        ));
    }
}

/// A word on what is going on.
fn tell(text: impl Display) {
    // Nobody may be listening.
    let _ = write!(std::io::stderr(), "{text}");
}
