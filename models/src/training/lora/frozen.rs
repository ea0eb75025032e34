//! A linear layer whose weight is not trained.

use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor};

/// `input * weightᵀ`, differentiable by the input alone.
///
/// Candle's own product computes and keeps a gradient of the weight even where nobody wants it:
/// a third of the work of a backward pass and a second copy of the frozen model.
///
/// # Shapes
/// `input`: `[N, in]`, `weight`: `[out, in]`; result: `[N, out]`.
///
/// # Errors
/// When the shapes do not fit, or the tensors are not on the CPU.
pub(crate) fn frozen_linear(input: &Tensor, weight: &Tensor) -> Result<Tensor> {
    input.apply_op2(&weight.detach(), FrozenLinear)
}

struct FrozenLinear;

impl CustomOp2 for FrozenLinear {
    fn name(&self) -> &'static str {
        "frozen-linear"
    }

    fn cpu_fwd(
        &self,
        input: &CpuStorage,
        input_layout: &Layout,
        weight: &CpuStorage,
        weight_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (rows, inner) = input_layout.shape().dims2()?;
        let (out, width) = weight_layout.shape().dims2()?;
        if inner != width {
            candle_core::bail!("frozen-linear: expected inputs of width {width}, got {inner}");
        }
        let turned = weight_layout.transpose(0, 1)?;
        let product = input.matmul(weight, (1, rows, out, inner), input_layout, &turned)?;
        Ok((product, Shape::from((rows, out))))
    }

    fn bwd(
        &self,
        _: &Tensor,
        weight: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        Ok((Some(gradient.contiguous()?.matmul(weight)?), None))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};

    use super::*;

    #[test]
    fn values_and_the_gradient_of_the_input_are_those_of_the_product() {
        let values = |n: usize, phase: f32| {
            (0..n)
                .map(|i| (i as f32 * 0.3 + phase).sin())
                .collect::<Vec<_>>()
        };
        for rows in [1, 5] {
            let input = Var::from_vec(values(rows * 7, 0.0), (rows, 7), &Device::Cpu).unwrap();
            let weight = Tensor::from_vec(values(21, 1.0), (3, 7), &Device::Cpu).unwrap();
            let plain = input.matmul(&weight.t().unwrap()).unwrap();
            let frozen = frozen_linear(&input, &weight).unwrap();
            assert_eq!(
                plain.to_vec2::<f32>().unwrap(),
                frozen.to_vec2::<f32>().unwrap()
            );
            let gradient = |y: Tensor| {
                let store = y.sqr().unwrap().sum_all().unwrap().backward().unwrap();
                store
                    .get(&input)
                    .unwrap()
                    .to_vec2::<f32>()
                    .unwrap()
                    .concat()
            };
            for (plain, frozen) in gradient(plain).iter().zip(gradient(frozen)) {
                assert!((plain - frozen).abs() < 1e-5, "{plain} {frozen}");
            }
        }
        let input = Tensor::zeros((2, 4), candle_core::DType::F32, &Device::Cpu).unwrap();
        let weight = Tensor::zeros((3, 7), candle_core::DType::F32, &Device::Cpu).unwrap();
        assert!(
            frozen_linear(&input, &weight)
                .unwrap_err()
                .to_string()
                .contains("width 7, got 4")
        );
    }
}
