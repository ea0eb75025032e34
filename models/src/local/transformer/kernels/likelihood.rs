//! Minus log-probabilities of target tokens, straight from hidden states.

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

use super::products::{Before, Matrix, Threads, input_gradient, linear, multiply};
use super::rows::{cap_slopes, log_sum_exp, scale_by, soft_cap, softmax};
use super::slices::{slice, with_values};

/// Logits that are held at once.
const CHUNK_LOGITS: usize = 1 << 22;

/// `(hidden [N, width], head [V, width]) -> minus log-probability of each target [N]`.
///
/// Logits are made in chunks of rows and made again by the backward pass: `N * V` numbers are
/// never held.
pub(in crate::local::transformer) struct LikelihoodOp {
    /// One below V for each of N rows.
    pub(in crate::local::transformer) targets: Vec<u32>,
    /// `cap * tanh(logit / cap)` before the softmax.
    pub(in crate::local::transformer) cap: Option<f32>,
}

impl LikelihoodOp {
    /// Rows of a chunk: it depends on the vocabulary alone.
    fn chunk_rows(vocabulary: usize) -> usize {
        (CHUNK_LOGITS / vocabulary).clamp(1, 4096)
    }

    /// Logits `[rows, V]`, capped.
    fn logits(&self, hidden: &[f32], head: &[f32], width: usize) -> Vec<f32> {
        let mut logits = linear(hidden, head, None, hidden.len() / width, width);
        if let Some(cap) = self.cap {
            logits
                .par_chunks_mut(head.len() / width)
                .for_each(|row| soft_cap(row, 1.0, cap));
        }
        logits
    }

    fn run(&self, hidden: &[f32], head: &[f32], width: usize) -> Vec<f32> {
        let vocabulary = head.len() / width;
        let rows = Self::chunk_rows(vocabulary);
        let mut all = Vec::with_capacity(self.targets.len());
        for (hidden, targets) in hidden.chunks(rows * width).zip(self.targets.chunks(rows)) {
            let logits = self.logits(hidden, head, width);
            let found: Vec<f32> = logits
                .par_chunks(vocabulary)
                .zip(targets)
                .map(|(row, &target)| log_sum_exp(row) - row[target as usize])
                .collect();
            all.extend(found);
        }
        all
    }

    fn gradients(
        &self,
        hidden: &[f32],
        head: &[f32],
        width: usize,
        gradient: &[f32],
    ) -> (Vec<f32>, Vec<f32>) {
        let vocabulary = head.len() / width;
        let rows = Self::chunk_rows(vocabulary);
        let mut of_hidden = vec![0.0; hidden.len()];
        let mut of_head = vec![0.0; head.len()];
        let chunks = hidden
            .chunks(rows * width)
            .zip(of_hidden.chunks_mut(rows * width))
            .zip(self.targets.chunks(rows).zip(gradient.chunks(rows)));
        for ((hidden, of_hidden), (targets, gradient)) in chunks {
            let mut logits = self.logits(hidden, head, width);
            logits
                .par_chunks_mut(vocabulary)
                .zip(targets)
                .zip(gradient)
                .for_each(|((row, &target), &gradient)| {
                    self.row_gradient(row, target as usize, gradient);
                });
            let count = targets.len();
            input_gradient(of_hidden, Before::Replaced, &logits, head, count);
            multiply(
                &mut of_head,
                width,
                Before::AddedTo,
                Matrix::new(&logits, count, vocabulary).t(),
                Matrix::new(hidden, count, width),
                Threads::All,
            );
        }
        (of_hidden, of_head)
    }

    /// Replaces logits by their gradient: the probabilities less one at the target.
    fn row_gradient(&self, row: &mut [f32], target: usize, gradient: f32) {
        let slopes = self.cap.map(|cap| {
            let mut slopes = vec![0.0; row.len()];
            cap_slopes(&mut slopes, row, cap);
            slopes
        });
        softmax(row, 1.0);
        row[target] -= 1.0;
        for x in row.iter_mut() {
            *x *= gradient;
        }
        if let Some(slopes) = slopes {
            scale_by(row, &slopes);
        }
    }

    fn checked(&self, hidden: &[f32], head: &[f32], width: usize) -> Result<()> {
        let vocabulary = head.len() / width;
        if hidden.len() != self.targets.len() * width {
            bail!(
                "likelihood: expected {} hidden states, got {}",
                self.targets.len(),
                hidden.len() / width
            );
        }
        match self.targets.iter().find(|&&t| t as usize >= vocabulary) {
            Some(target) => bail!("likelihood: expected targets below {vocabulary}, got {target}"),
            None => Ok(()),
        }
    }
}

impl CustomOp2 for LikelihoodOp {
    fn name(&self) -> &'static str {
        "likelihood"
    }

    fn cpu_fwd(
        &self,
        hidden: &CpuStorage,
        hidden_layout: &Layout,
        head: &CpuStorage,
        head_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let width = head_layout.dims()[1];
        let hidden = slice(self.name(), hidden, hidden_layout)?;
        let head = slice(self.name(), head, head_layout)?;
        self.checked(hidden, head, width)?;
        let found = self.run(hidden, head, width);
        let shape = Shape::from(found.len());
        Ok((CpuStorage::F32(found), shape))
    }

    fn bwd(
        &self,
        hidden: &Tensor,
        head: &Tensor,
        _result: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let name = self.name();
        let width = head.dim(1)?;
        let (of_hidden, of_head) = with_values(name, hidden, |hidden| {
            with_values(name, head, |head| {
                with_values(name, gradient, |gradient| {
                    Ok(self.gradients(hidden, head, width, gradient))
                })
            })
        })?;
        Ok((
            Some(Tensor::from_vec(
                of_hidden,
                hidden.shape(),
                hidden.device(),
            )?),
            Some(Tensor::from_vec(of_head, head.shape(), head.device())?),
        ))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;

    /// More rows than a chunk holds, against plain sums in f64.
    #[test]
    fn chunks_join_without_a_seam() {
        let (count, vocabulary, width) = (4096 + 37, 5, 3);
        let numbers = |count: usize, phase: f32| -> Vec<f32> {
            (0..count)
                .map(|ix| 2.0 * (ix as f32 * 0.37 + phase).sin())
                .collect()
        };
        let (h, w) = (
            numbers(count * width, 0.0),
            numbers(vocabulary * width, 1.0),
        );
        let targets: Vec<u32> = (0..count as u32).map(|ix| ix % vocabulary as u32).collect();
        let hidden = Var::from_slice(&h, (count, width), &Device::Cpu).unwrap();
        let head = Var::from_slice(&w, (vocabulary, width), &Device::Cpu).unwrap();
        let op = LikelihoodOp {
            targets: targets.clone(),
            cap: None,
        };
        let nll = hidden.apply_op2(&head, op).unwrap();
        let factors = numbers(count, 2.0);
        let weighted = Tensor::from_slice(&factors, count, &Device::Cpu).unwrap();
        let gradients = (&nll * &weighted)
            .unwrap()
            .sum_all()
            .unwrap()
            .backward()
            .unwrap();
        let read = |tensor: &Tensor| tensor.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let (nll, of_hidden) = (read(&nll), read(gradients.get(&hidden).unwrap()));
        let of_head = read(gradients.get(&head).unwrap());
        let mut expected_head = vec![0.0f64; vocabulary * width];
        for row in 0..count {
            let logits: Vec<f64> = (0..vocabulary)
                .map(|token| {
                    (0..width)
                        .map(|ix| f64::from(h[row * width + ix] * w[token * width + ix]))
                        .sum()
                })
                .collect();
            let sum: f64 = logits.iter().map(|x| x.exp()).sum();
            let target = targets[row] as usize;
            assert!((f64::from(nll[row]) - (sum.ln() - logits[target])).abs() < 1e-5);
            let factor = f64::from(factors[row]);
            for ix in 0..width {
                let mut expected = 0.0;
                for token in 0..vocabulary {
                    let hit = if token == target { 1.0 } else { 0.0 };
                    let slope = factor * (logits[token].exp() / sum - hit);
                    expected += slope * f64::from(w[token * width + ix]);
                    expected_head[token * width + ix] += slope * f64::from(h[row * width + ix]);
                }
                assert!((f64::from(of_hidden[row * width + ix]) - expected).abs() < 1e-5);
            }
        }
        for (found, expected) in of_head.iter().zip(expected_head) {
            assert!(
                (f64::from(*found) - expected).abs() < 2e-3,
                "{found}, {expected}"
            );
        }
    }
}
