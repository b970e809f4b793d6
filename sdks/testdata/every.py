"""The twin of everyTask and its neighbours in every_test.go."""

import fw


@fw.pretext("test/every", "0.1.0", "classify")
class Every:
    fail = fw.Int(0, "1: a mistake in the trace, 2: a panic", at_least=0, at_most=2)

    def views(self, v):
        img = v.augment(v.crop(v.image))
        img = v.maybe(0.5, img, lambda m: m.flip_horizontal())
        img = v.color_jitter(img, 0.4, 0.4, 1.2, 0.1)
        img = img.picture("image_gaussian_blur", v.uniform(0.1, 2)).grayscale()
        v.view(img.rotate90(1)).target("which", 7)
        v.view(v.crop(v.image, 4)).target("which", v.intn(9))
        v.view_of(v.whole(v.image).pixels())

    def objective(self, s):
        if self.fail == 2:
            raise RuntimeError("on purpose")  # panic
        n = s.batch
        h = s.backbone(s.view(0), scope="online")
        if self.fail == 1:
            h = h + s.group(1)  # mistake
        y = s.batch_norm("b", s.linear("a", h, 6, bias=False))
        y = s.batch_norm("c", y, training=False, affine=False).relu()
        y = y.abs().neg().exp().log().sqrt().rsqrt().tanh().sigmoid().softmax().stop_gradient()

        row = fw.constant(fw.Shape(fw.F32, 1, 6), [1, -2, 0.5, 3, 1 / 3, 1e-3])
        y = ((y + row - row) * row / row).maximum(row).minimum(row)
        y = (y * 0.1 + 2).maximum(-1).minimum(7).square()
        y = y.less(row).where(y, row)
        y = y.greater(0.25).where(y, fw.scalar(0))
        y = fw.concat(1, y, y.reverse(1)).slice(1, 2, -1)
        y = y.reshape(n, 3, -1).transpose(2, 0, 1)
        y = y.T.sum(0) - y.mean(1, keep=True).reshape(3, 3).reduce_max(0)
        y = y.T @ y - y.T.dot(y, 1, 0).reduce_max(1, keep=True)
        y = y.mask_diagonal().l2_normalize(-1)

        which = s.target("which").slice(0, 0, n)
        hot = (which % 3).one_hot(3).broadcast_in_dim([n, 2, 3], [0, 2]).mean(1)
        rows = hot.take(0, (hot.argmax(1) + fw.iota(n)) % n).log_softmax()
        picked = rows.cross_entropy(which % 3).sum(0, keep=True)

        centre = s.state("centre", fw.Shape(fw.F32, 3), "constant", 0.5)
        s.assign("centre", centre * 0.9 + rows.mean(0) * 0.1)
        share = s.number.float() / s.total.float()
        s.ema("online", "online_ema", share, before=True)
        w = s.param("w", (3,), "normal", 0, 0.02)
        s.metric("train/w", (w * centre).sum())
        return s.loss(y + picked.reshape(1, 1), which)


@fw.loss("test/masked", "0.1.0", "reconstruct")
class Masked:
    kind = fw.String("mean", "sum or mean", choices=("mean", "sum"))
    on = fw.Bool(True, "whether the weights count")
    weights = fw.Floats([1, 0.5], "factors", above=0, below=100)
    shifts = fw.Ints([-1, 300], "summands", at_least=-2)

    def loss(self, prediction, target, mask):
        x = (prediction - target).square().sum(2) * mask
        for w in self.weights if self.on else ():
            x = x * w
        for s in self.shifts:
            x = x + s
        return x.sum() if self.kind == "sum" else x.mean()


@fw.augment("test/recipe", "0.1.0")
class Recipe:
    def augment(self, v, picture):
        if v.index == 1:
            return picture.picture("image_solarize", fw.fill(fw.Shape(fw.I32), 128))
        return picture.picture("image_brightness", v.uniform(0.6, 1.4))


@fw.backbone("test/net", "0.1.0")
class Net:
    def stage(self, s, stage, x):
        x = s.convolution("conv1", x, 8, 3, 2, 1)
        x = s.max_pool(s.batch_norm("bn1", x, s.training).relu(), 3, 2, 1)
        return x if stage == "map" else x.reshape(x.dim(0), -1, x.dim(3)).mean(1)


fw.serve(Every, Masked, Recipe, Net)
