//! convnet is a small convolutional network: stages of a 3x3 convolution, BatchNorm and
//! ReLU, each at half the size and twice the channels of the one before.

mod fw;
use fw::*;

#[derive(Default)]
struct ConvNet {
    width: i64,
    stages: i64,
}

impl Backbone for ConvNet {
    fn params(&mut self, p: &mut Params) {
        p.int(&mut self.width, "width", 32, "channels of the first stage", &[between(1.0, 1024.0)]);
        p.int(&mut self.stages, "stages", 3, "number of stages", &[between(1.0, 6.0)]);
    }

    /// The features f32[N,D] of images f32[N,H,W,C], or with "map" those of each place,
    /// f32[N,h,w,D].
    fn stage(&self, s: &Step, stage: &str, x: Value) -> Value {
        if stage != "map" && stage != "pooled" {
            fail(&format!("this network has the stages map and pooled, not {stage:?}"));
            return x;
        }
        let places = (0..self.stages).fold(x, |x, i| {
            let x = s.convolution(&format!("stage{i}.conv"), x, self.width << i, 3, 2, 1);
            s.batch_norm(&format!("stage{i}.bn"), x, s.training(), true).relu()
        });
        if stage == "map" {
            places
        } else {
            places.mean(&[1, 2])
        }
    }
}

serve!(backbone("mine/convnet", "1.0.0", ConvNet::default()).doc("convolution, BatchNorm and ReLU at half the size, again and again"));
