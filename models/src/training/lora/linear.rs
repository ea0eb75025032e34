//! Linear layers whose weight is not trained, with or without an adapter.
//!
//! Candle's own product computes and keeps a gradient of the weight even where nobody wants it: a third
//! of the work of a backward pass and a second copy of the frozen model. The sum with an adapter's output
//! would keep two more outputs of each layer. Here only the output is kept.

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp1, CustomOp3, Layout, Result, Shape, Storage, Tensor};

use super::Adapter;

/// `input · weightᵀ`, differentiable by the input alone.
///
/// # Shapes
/// `input`: `[N, in]`, `weight`: `[out, in]`; result: `[N, out]`.
///
/// # Errors
/// When the shapes do not fit, or the tensors are not on the CPU.
pub(super) fn frozen(input: &Tensor, weight: &Tensor) -> Result<Tensor> {
    input.apply_op1(Frozen {
        weight: weight.detach(),
    })
}

/// `input · weightᵀ + scale · (input · downᵀ) · upᵀ`, differentiable by the input and the adapter.
///
/// # Shapes
/// As [`frozen`].
///
/// # Errors
/// As [`frozen`].
pub(super) fn adapted(
    input: &Tensor,
    weight: &Tensor,
    adapter: &Adapter,
    scale: f64,
) -> Result<Tensor> {
    let op = Adapted {
        frozen: Frozen {
            weight: weight.detach(),
        },
        scale,
    };
    input.apply_op3(&adapter.down, &adapter.up, op)
}

struct Frozen {
    weight: Tensor,
}

struct Adapted {
    frozen: Frozen,
    scale: f64,
}

impl Frozen {
    fn forward(&self, input: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (weight, weight_layout) = self.weight.storage_and_layout();
        match &*weight {
            Storage::Cpu(weight) => product(input, layout, weight, weight_layout),
            _ => candle_core::bail!("frozen linear layers run on the cpu"),
        }
    }
}

/// `a · bᵀ`.
fn product(
    a: &CpuStorage,
    a_layout: &Layout,
    b: &CpuStorage,
    b_layout: &Layout,
) -> Result<(CpuStorage, Shape)> {
    let (rows, inner) = a_layout.shape().dims2()?;
    let (out, width) = b_layout.shape().dims2()?;
    if inner != width {
        candle_core::bail!("linear layer: expected inputs of width {width}, got {inner}");
    }
    let product = a.matmul(
        b,
        (1, rows, out, inner),
        a_layout,
        &b_layout.transpose(0, 1)?,
    )?;
    Ok((product, Shape::from((rows, out))))
}

impl CustomOp1 for Frozen {
    fn name(&self) -> &'static str {
        "frozen-linear"
    }

    fn cpu_fwd(&self, input: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        self.forward(input, layout)
    }

    fn bwd(&self, _: &Tensor, _: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        Ok(Some(gradient.contiguous()?.matmul(&self.weight)?))
    }
}

impl CustomOp3 for Adapted {
    fn name(&self) -> &'static str {
        "adapted-linear"
    }

    fn cpu_fwd(
        &self,
        input: &CpuStorage,
        input_layout: &Layout,
        down: &CpuStorage,
        down_layout: &Layout,
        up: &CpuStorage,
        up_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (mut output, shape) = self.frozen.forward(input, input_layout)?;
        let (low, low_shape) = product(input, input_layout, down, down_layout)?;
        let (change, _) = product(&low, &Layout::contiguous(low_shape), up, up_layout)?;
        let (CpuStorage::F32(sum), CpuStorage::F32(change)) = (&mut output, change) else {
            candle_core::bail!("adapted linear layers are of f32");
        };
        let scale = self.scale as f32;
        for (sum, change) in sum.iter_mut().zip(change) {
            *sum += scale * change;
        }
        Ok((output, shape))
    }

    fn bwd(
        &self,
        input: &Tensor,
        down: &Tensor,
        up: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let gradient = gradient.contiguous()?;
        let through = (gradient.matmul(up)? * self.scale)?;
        let low = (input.matmul(&down.t()?)? * self.scale)?;
        let of_input = (gradient.matmul(&self.frozen.weight)? + through.matmul(down)?)?;
        Ok((
            Some(of_input),
            Some(through.t()?.matmul(input)?),
            Some(gradient.t()?.matmul(&low)?),
        ))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device, Var};

    use super::*;

    fn values(rows: usize, columns: usize, phase: f32) -> Var {
        let values: Vec<f32> = (0..rows * columns)
            .map(|i| (i as f32 * 0.3 + phase).sin())
            .collect();
        Var::from_vec(values, (rows, columns), &Device::Cpu).unwrap()
    }

    fn assert_close(a: &Tensor, b: &Tensor) {
        let furthest: f32 = (a - b)
            .unwrap()
            .abs()
            .unwrap()
            .max_all()
            .unwrap()
            .to_scalar()
            .unwrap();
        assert!(furthest < 2e-5, "{furthest}");
    }

    #[test]
    fn values_and_gradients_are_those_of_the_composed_operations() {
        for rows in [1, 5] {
            let (input, weight) = (values(rows, 7, 0.0), values(3, 7, 1.0));
            let adapter = Adapter {
                down: values(2, 7, 2.0),
                up: values(3, 2, 3.0),
            };
            let base = input.matmul(&weight.t().unwrap()).unwrap();
            let low = input.matmul(&adapter.down.t().unwrap()).unwrap();
            let change = (low.matmul(&adapter.up.t().unwrap()).unwrap() * 1.5).unwrap();
            let pairs = [
                (base.clone(), frozen(&input, &weight).unwrap(), vec![&input]),
                (
                    (base + change).unwrap(),
                    adapted(&input, &weight, &adapter, 1.5).unwrap(),
                    vec![&input, &adapter.down, &adapter.up],
                ),
            ];
            for (composed, own, vars) in pairs {
                assert_close(&composed, &own);
                let gradients =
                    |y: &Tensor| y.sqr().unwrap().sum_all().unwrap().backward().unwrap();
                let (want, got) = (gradients(&composed), gradients(&own));
                for var in vars {
                    assert_close(want.get(var).unwrap(), got.get(var).unwrap());
                }
                assert!(got.get(&weight).is_none());
            }
        }
        let (input, weight) = (
            values(2, 4, 0.0),
            Tensor::zeros((3, 7), DType::F32, &Device::Cpu).unwrap(),
        );
        assert!(
            frozen(&input, &weight)
                .unwrap_err()
                .to_string()
                .contains("width 7, got 4")
        );
    }
}
