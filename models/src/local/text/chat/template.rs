//! The chat template of a model.

use minijinja::{Environment, Error, Value as Variable};
use serde::Serialize;
use serde_json::{Map, Value};

use super::environment::{Raised, environment, strftime_now, with_generation};
use super::error::ChatError;
use super::source::TemplateSource;
use crate::local::text::tokenizer::SpecialTokens;
use crate::request::Message;

const DEFAULT: &str = "default";
const TOOL_USE: &str = "tool_use";
const MARKED: &str = "marked default";

/// A conversation to be written.
///
/// The messages are [`Message`]s, or JSON where they hold more than role and content.
#[derive(Debug, Clone)]
pub struct RenderRequest<'a, M = Message> {
    /// The conversation so far.
    pub messages: &'a [M],
    /// Tools that the model may call, as a JSON list.
    pub tools: Option<&'a Value>,
    /// Documents that the model may cite, as a JSON list.
    pub documents: Option<&'a Value>,
    /// Ends with the beginning of the assistant's message.
    pub add_generation_prompt: bool,
    /// Further variables of the template, such as `enable_thinking`.
    pub extra: Option<&'a Map<String, Value>>,
    /// Simulation time in seconds after 1970-01-01 00:00 UTC; without it, `strftime_now` is not
    /// defined.
    pub now: Option<i64>,
}

impl<'a, M> RenderRequest<'a, M> {
    /// The messages, and the beginning of the assistant's answer.
    pub fn prompt(messages: &'a [M]) -> Self {
        Self {
            add_generation_prompt: true,
            ..Self::whole(messages)
        }
    }

    /// The messages only.
    pub fn whole(messages: &'a [M]) -> Self {
        Self {
            messages,
            tools: None,
            documents: None,
            add_generation_prompt: false,
            extra: None,
            now: None,
        }
    }

    /// The messages as JSON.
    pub(super) fn values(&self) -> Result<Vec<Value>, ChatError>
    where
        M: Serialize,
    {
        let messages = self.messages.iter().enumerate();
        messages
            .map(|(index, message)| {
                serde_json::to_value(message).map_err(|source| ChatError::Message { index, source })
            })
            .collect()
    }

    /// The same with other messages.
    pub(super) fn with<'b, N>(&self, messages: &'b [N]) -> RenderRequest<'b, N>
    where
        'a: 'b,
    {
        RenderRequest {
            messages,
            tools: self.tools,
            documents: self.documents,
            add_generation_prompt: self.add_generation_prompt,
            extra: self.extra,
            now: self.now,
        }
    }
}

/// The chat template of a model: conversations to the text that the model was trained on.
///
/// # Examples
/// ```
/// use rounds_models::Message;
/// use rounds_models::local::text::{ChatTemplate, RenderRequest, SpecialTokens, TemplateSource};
///
/// let source = TemplateSource::of_builtin("chatml")?;
/// let template = ChatTemplate::new(&source, &SpecialTokens::default())?;
/// let messages = [Message::new("user", "Hello")];
/// assert_eq!(
///     template.render(&RenderRequest::prompt(&messages))?,
///     "<|im_start|>user\nHello<|im_end|>\n<|im_start|>assistant\n"
/// );
/// # Ok::<(), rounds_models::local::text::ChatError>(())
/// ```
#[derive(Debug, Clone)]
pub struct ChatTemplate {
    env: Environment<'static>,
    source: TemplateSource,
    tokens: Vec<(&'static str, String)>,
    marks_generation: bool,
}

impl ChatTemplate {
    /// The template of `source`, with the special tokens of the model's tokenizer.
    ///
    /// # Errors
    /// [`ChatError::Syntax`] when a template is not Jinja.
    pub fn new(source: &TemplateSource, special: &SpecialTokens) -> Result<Self, ChatError> {
        let mut env = environment();
        let plain = with_generation(&source.default, false);
        let marked = with_generation(&source.default, true);
        let marks_generation = plain != marked;
        add(&mut env, DEFAULT, plain)?;
        add(&mut env, MARKED, marked)?;
        if let Some(tool_use) = &source.tool_use {
            add(&mut env, TOOL_USE, with_generation(tool_use, false))?;
        }
        let named = [
            ("bos_token", special.bos.as_ref()),
            ("eos_token", special.eos.first()),
            ("pad_token", special.pad.as_ref()),
            ("unk_token", special.unk.as_ref()),
        ];
        let tokens = named
            .into_iter()
            .filter_map(|(role, token)| Some((role, token?.text.clone())))
            .collect();
        Ok(Self {
            env,
            source: source.clone(),
            tokens,
            marks_generation,
        })
    }

    /// The Jinja texts.
    pub fn source(&self) -> &TemplateSource {
        &self.source
    }

    /// The template marks what the assistant says by `{% generation %}`.
    pub fn marks_generation(&self) -> bool {
        self.marks_generation
    }

    /// The text of a conversation. It holds the special tokens that the model wants, so that it
    /// is encoded without adding any.
    ///
    /// # Errors
    /// [`ChatError::Raised`] when the template refuses the conversation, [`ChatError::Render`]
    /// when it fails.
    pub fn render<M: Serialize>(
        &self,
        request: &RenderRequest<'_, M>,
    ) -> Result<String, ChatError> {
        let tools = request.tools.is_some() && self.source.tool_use.is_some();
        self.render_by(if tools { TOOL_USE } else { DEFAULT }, request)
    }

    /// The text with marks around what the assistant says.
    pub(super) fn render_marked(
        &self,
        request: &RenderRequest<'_, Value>,
    ) -> Result<String, ChatError> {
        self.render_by(MARKED, request)
    }

    fn render_by<M: Serialize>(
        &self,
        name: &'static str,
        request: &RenderRequest<'_, M>,
    ) -> Result<String, ChatError> {
        let mut variables: Vec<(&str, Variable)> = vec![
            ("messages", Variable::from_serialize(request.messages)),
            ("tools", Variable::from_serialize(request.tools)),
            ("documents", Variable::from_serialize(request.documents)),
            (
                "add_generation_prompt",
                request.add_generation_prompt.into(),
            ),
        ];
        if let Some(now) = request.now {
            variables.push(("strftime_now", strftime_now(now)));
        }
        for (role, token) in &self.tokens {
            variables.push((role, token.as_str().into()));
        }
        for (key, extra) in request.extra.into_iter().flatten() {
            variables.push((key, Variable::from_serialize(extra)));
        }
        let template = self
            .env
            .get_template(name)
            .map_err(|error| failed(name, &error))?;
        let context: Variable = variables.into_iter().collect();
        template
            .render(context)
            .map_err(|error| failed(name, &error))
    }
}

fn add(env: &mut Environment<'_>, name: &'static str, source: String) -> Result<(), ChatError> {
    env.add_template_owned(name, source)
        .map_err(|error| ChatError::Syntax {
            name: name.to_owned(),
            line: error.line().unwrap_or_default(),
            reason: reason(&error),
        })
}

fn failed(name: &str, error: &Error) -> ChatError {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(inner) = cause {
        if let Some(Raised(message)) = inner.downcast_ref() {
            return ChatError::Raised {
                message: message.clone(),
            };
        }
        cause = inner.source();
    }
    ChatError::Render {
        name: name.to_owned(),
        line: error.line().unwrap_or_default(),
        reason: reason(error),
    }
}

fn reason(error: &Error) -> String {
    match error.detail() {
        Some(detail) => format!("{}: {detail}", error.kind()),
        None => error.kind().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn template(text: &str) -> ChatTemplate {
        ChatTemplate::new(&TemplateSource::of_text(text), &SpecialTokens::default()).unwrap()
    }

    #[test]
    fn time_is_that_of_the_simulation() {
        let template = template(
            "{% if strftime_now is defined %}{{ strftime_now('%d %b %Y') }}{% else %}never{% endif %}",
        );
        let mut request = RenderRequest::<Message>::whole(&[]);
        assert_eq!(template.render(&request).unwrap(), "never");
        request.now = Some(86_400);
        assert_eq!(template.render(&request).unwrap(), "02 Jan 1970");
    }

    #[test]
    fn tools_choose_their_template_and_extra_variables_arrive() {
        let source = TemplateSource {
            default: "D{{ mood }}".into(),
            tool_use: Some("T{{ tools | length }}".into()),
        };
        let template = ChatTemplate::new(&source, &SpecialTokens::default()).unwrap();
        let tools = json!([1, 2]);
        let extra = json!({"mood": "!"});
        let mut request = RenderRequest::<Message>::whole(&[]);
        request.extra = extra.as_object();
        assert_eq!(template.render(&request).unwrap(), "D!");
        request.tools = Some(&tools);
        assert_eq!(template.render(&request).unwrap(), "T2");
    }

    #[test]
    fn errors_name_the_line() {
        let source = TemplateSource::of_text("a\n{% for %}");
        let error = ChatTemplate::new(&source, &SpecialTokens::default()).unwrap_err();
        assert!(
            matches!(error, ChatError::Syntax { line: 2, .. }),
            "{error}"
        );
        let template = template("a\n\n{{ messages.x.y }}");
        let error = template
            .render(&RenderRequest::<Message>::whole(&[]))
            .unwrap_err();
        assert!(
            matches!(error, ChatError::Render { line: 3, .. }),
            "{error}"
        );
    }
}
