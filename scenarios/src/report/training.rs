//! The page of a training: the loss over the steps, and what was trained on what.

use super::curves::{Curve, Scale, curves};
use super::data::ReportError;
use super::html::name;
use super::page::CLINICAL_DISCLAIMER;
use super::shell::{close, open, table};
use super::transcript::figure;

/// What is told of a training.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportTraining {
    /// Name of the training.
    pub title: String,
    /// Facts with their names, in order.
    pub facts: Vec<(String, String)>,
    /// Loss in nats a token, over the steps.
    pub loss: Vec<Curve>,
    /// Learning rate over the steps, in thousandths.
    pub rate: Vec<Curve>,
    /// Norm of the gradient before clipping, over the steps.
    pub gradient: Vec<Curve>,
    /// Texts of restricted records were trained on.
    pub restricted: bool,
}

/// Draws the page.
///
/// # Errors
/// [`ReportError::Plot`] when a plot cannot be drawn.
pub fn render_training(of: &ReportTraining) -> Result<String, ReportError> {
    let mut out = open(&of.title, CLINICAL_DISCLAIMER, "rounds train");
    if of.restricted {
        out.push_str(
            "<section><p>This model was trained on texts of restricted records: keep it as they \
             are kept.</p></section>\n",
        );
    }
    let plots = [
        (
            "Loss",
            &of.loss,
            "nats a token",
            "logarithmic; bands are 95 % intervals of the mean of neighbouring steps",
            Scale::Logarithmic,
        ),
        (
            "Learning rate",
            &of.rate,
            "thousandths",
            "the schedule",
            Scale::Linear,
        ),
        (
            "Gradient",
            &of.gradient,
            "norm",
            "logarithmic; before it was shortened",
            Scale::Logarithmic,
        ),
    ];
    for (title, lines, upright, caption, scale) in plots {
        let Some(svg) = curves(lines, ("step", upright), scale)? else {
            continue;
        };
        out.push_str(&format!(
            "<section><h2>{title}</h2>{}</section>\n",
            figure(caption, &svg)
        ));
    }
    let rows = of
        .facts
        .iter()
        .map(|(what, value)| vec![name(what), name(value)]);
    out.push_str("<section><h2>Training</h2>");
    out.push_str(&table(&["what", "value"], rows));
    out.push_str("</section>\n");
    out.push_str(&close());
    Ok(out)
}
