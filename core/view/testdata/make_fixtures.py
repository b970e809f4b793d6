"""Writes cases.json and fixtures.safetensors: pictures, and what PIL, torchvision.transforms.v2 on PIL
images ("pil") and v2 on uint8 tensors ("tensor") make of them. Pictures are uint8 [H,W,C].
Needs torch, torchvision, Pillow and safetensors; run it in this folder."""
import hashlib, io, itertools, json, math, struct, zlib

import numpy as np, PIL, torch, torchvision
from PIL import Image, ImageFilter
from safetensors.numpy import save_file
from torchvision.transforms import InterpolationMode as Mode
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F

rng = np.random.default_rng(20)
tensors, cases, known = {}, [], {}


def keep(x):
    """The name of x among the tensors; equal pictures are kept once."""
    k = (x.shape, x.dtype.str, x.tobytes())
    if k not in known:
        known[k] = f"out.{len(known):03d}"
        tensors[known[k]] = x
    return known[k]



def natural(h, w):
    """Coloured 1/f noise, a bright disc and a dark bar: statistics of a photograph, sharp edges."""
    fy, fx = np.fft.fftfreq(h)[:, None], np.fft.fftfreq(w)[None]
    amplitude = 1 / np.maximum(np.hypot(fy, fx), 1 / max(h, w))
    base = [np.fft.ifft2(np.fft.fft2(rng.normal(size=(h, w))) * amplitude).real for _ in range(4)]
    x = np.stack([base[0] + 0.5 * b for b in base[1:]], -1)
    x = 120 + 55 * (x - x.mean()) / x.std()
    yy, xx = np.mgrid[:h, :w]
    x[np.hypot(yy - h * 0.4, xx - w * 0.6) < min(h, w) / 5] += (90, 60, -40)
    x[int(h * 0.7):int(h * 0.8), : w // 2] = (20, 35, 15)
    return x.clip(0, 255).astype(np.uint8)


def gradient(h, w):
    yy, xx = np.mgrid[:h, :w]
    return np.stack([xx * 255 / (w - 1), yy * 255 / (h - 1), (xx + yy) * 255 / (w + h - 2)], -1).astype(np.uint8)


pictures = {
    "random": rng.integers(0, 256, (17, 12, 3), dtype=np.uint8),
    "gradient": gradient(16, 22),
    "natural": natural(24, 27),
    "random-gray": rng.integers(0, 256, (15, 13, 1), dtype=np.uint8),
    "natural-gray": natural(22, 28)[:, :, :1].copy(),
    "square": natural(13, 13),
    "pixel": np.array([[[200, 30, 90]]], np.uint8),
    "row": rng.integers(0, 256, (1, 9, 3), dtype=np.uint8),
    "column": rng.integers(0, 256, (9, 1, 1), dtype=np.uint8),
    "flat": np.full((8, 8, 3), 77, np.uint8),
}
WHOLE = ("random", "gradient", "natural", "random-gray", "natural-gray", "pixel", "row", "column", "flat")


def pil(x):
    return Image.fromarray(x[:, :, 0] if x.shape[2] == 1 else x)


def array(img):
    x = np.asarray(img)
    return (x[:, :, None] if x.ndim == 2 else x).copy()


def chw(x):
    return torch.from_numpy(x).permute(2, 0, 1).contiguous()


def hwc(t):
    return t.permute(1, 2, 0).contiguous().numpy()


def case(op, picture, by_pil, by_tensor=None, **args):
    """One case: by_pil and by_tensor are functions of the picture; by_tensor may be None: no such reference."""
    x = pictures[picture]
    c = {"op": op, "picture": picture, "args": args, "pil": keep(array(by_pil(pil(x))))}
    if by_tensor:
        c["tensor"] = keep(hwc(by_tensor(chw(x))))
    cases.append(c)


f32 = lambda v: float(np.float32(v))

# Crop and resize. The tensor form has coarser weights than PIL, and always takes the horizontal pass
# first, which Pillow 13 does not; between bicubic passes levels are clipped, so there the order shows.
filters = {"bilinear": Mode.BILINEAR, "bicubic": Mode.BICUBIC, "nearest": Mode.NEAREST}
rects = {
    "random": [(0, 0, 17, 12), (3, 2, 9, 7), (16, 11, 1, 1), (0, 5, 17, 1)],
    "natural": [(0, 0, 24, 27), (1, 2, 21, 13), (5, 0, 7, 27), (0, 3, 8, 8)],
    "natural-gray": [(0, 0, 22, 28), (4, 9, 15, 11)],
    "pixel": [(0, 0, 1, 1)], "row": [(0, 0, 1, 9)], "column": [(0, 0, 9, 1)],
}
for name, list_ in rects.items():
    for (y, x, h, w), (oh, ow), f in itertools.product(list_, [(8, 8), (15, 11), (19, 32)], filters):
        if (oh, ow) == (19, 32) and name == "natural" and (y, x) != (1, 2):
            continue
        go = lambda i: F.resized_crop(i, y, x, h, w, [oh, ow], filters[f], antialias=f != "nearest")
        vertical_first = oh < h and h - oh > 2 * (w - ow)
        comparable = f == "bilinear" or f == "bicubic" and not vertical_first
        case("crop_resize", name, go, go if comparable else None, rect=[y, x, h, w], size=[oh, ow], interpolation=f)

# Rearrangements: they need no arithmetic, and few cases.
for name in ("random", "random-gray", "natural", "pixel", "row", "column"):
    case("flip_horizontal", name, F.horizontal_flip, F.horizontal_flip)
    case("flip_vertical", name, F.vertical_flip, F.vertical_flip)
turn = {0: None, 1: Image.Transpose.ROTATE_90, 2: Image.Transpose.ROTATE_180, 3: Image.Transpose.ROTATE_270}
for k in (0, 1, 2, 3):
    for name in ("square", "pixel"):
        case("rotate90", name, lambda i: i if k == 0 else i.transpose(turn[k]), lambda t: torch.rot90(t, k, (1, 2)), k=k)

# Colour. The tensor form of hue works in float HSV, PIL in 8 bits: no common answer, so no "tensor";
# and its luma and mean are cut where PIL rounds, which a factor above 2 makes more than a level.
for name in WHOLE:
    for v in map(f32, (0, 0.2, 0.6, 1, 1.37, 1.8, 3)):
        small = name in ("random", "random-gray", "flat", "pixel") or v in (f32(0.6), f32(1.8))
        if not small:
            continue
        for op, go in (("brightness", F.adjust_brightness), ("contrast", F.adjust_contrast), ("saturation", F.adjust_saturation)):
            case(op, name, lambda i: go(i, v), (lambda t: go(t, v)) if v < 2 else None, factor=v)
for name in ("random", "gradient", "natural", "natural-gray", "pixel", "flat"):
    for v in map(f32, (-0.5, -0.2, -0.05, 0, 0.1, 0.5)):
        case("hue", name, lambda i: F.adjust_hue(i, v), factor=v)
for name in ("random", "natural", "pixel"):
    case("grayscale", name, lambda i: F.rgb_to_grayscale(i, 3), lambda t: F.rgb_to_grayscale(t, 3))
for name in WHOLE:
    for v in (0, 100, 128, 255):
        if v in (128, 100) or name == "random":
            case("solarize", name, lambda i: F.solarize(i, v), lambda t: F.solarize(t, v), threshold=v)
    for v in (1, 4, 7, 8):
        if v == 4 or name == "random":
            case("posterize", name, lambda i: F.posterize(i, v), lambda t: F.posterize(t, v), bits=v)
    case("equalize", name, F.equalize, F.equalize)

# Colour jitter by torchvision's own transform, its four factors in every order.
factors = [tuple(map(f32, f)) for f in ((0.7, 1.4, 0.5, 0.1), (1.75, 0.3, 1.8, -0.2))]
jitter = v2.ColorJitter(0.8, 0.8, 0.8, 0.2)
for order in itertools.permutations(range(4)):
    for f in factors:
        params = dict(fn_idx=torch.tensor(order), brightness_factor=f[0], contrast_factor=f[1], saturation_factor=f[2], hue_factor=f[3])
        case("color_jitter", "random", lambda i: jitter.transform(i, params), factors=f, order=order)
for f in factors:
    params = dict(fn_idx=torch.tensor((2, 0, 3, 1)), brightness_factor=f[0], contrast_factor=f[1], saturation_factor=f[2], hue_factor=f[3])
    for name in ("natural", "gradient", "natural-gray", "pixel"):
        case("color_jitter", name, lambda i: jitter.transform(i, params), factors=f, order=(2, 0, 3, 1))

# Blur: PIL's, as SimCLR and BYOL in PyTorch use it. torchvision's kernel form is another operation.
for name in WHOLE:
    for v in map(f32, (0.1, 0.73, 1.3, 2, 9.5)):
        if v in map(f32, (0.1, 1.3)) or name in ("random", "pixel", "row", "column"):
            case("gaussian_blur", name, lambda i: i.filter(ImageFilter.GaussianBlur(v)), sigma=v)

# To float and normalise.
for name, mean, std in (("random", [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]), ("natural-gray", [0.286], [0.353])):
    for i, (m, s) in enumerate((([0.0] * len(mean), [1.0] * len(mean)), (mean, std))):
        x = F.normalize(F.to_dtype(chw(pictures[name]), torch.float32, scale=True), m, s)
        cases.append({"op": "normalize", "picture": name, "args": {"mean": m, "std": s}, "float": keep(hwc(x))})

# Conversion between one and three channels, as a loader's convert("L") and convert("RGB").
for name, mode, c in (("random", "L", 1), ("natural", "L", 1), ("random-gray", "RGB", 3)):
    case("channels", name, lambda i: i.convert(mode), channels=c)


def png16(x, color):
    """A 16-bit PNG, which PIL does not write in colour."""
    h, w = x.shape[:2]
    raw = b"".join(b"\0" + x[y].astype(">u2").tobytes() for y in range(h))
    chunk = lambda t, d: struct.pack(">I", len(d)) + t + d + struct.pack(">I", zlib.crc32(t + d))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, 16, color, 0, 0, 0)) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")


def saved(img, **how):
    b = io.BytesIO()
    img.save(b, **how)
    return b.getvalue()


# Files as ImageFolder reads them: Image.open(...).convert("RGB").
smooth = Image.fromarray(gradient(16, 24))
rgba = np.concatenate([natural(9, 11), rng.integers(0, 256, (9, 11, 1), dtype=np.uint8)], -1)
rgba[0, :, 3] = 0
p, wide = Image.fromarray(natural(9, 11)).quantize(12), rng.integers(0, 65536, (7, 10, 3))
files = {
    "rgb.png": saved(Image.fromarray(rgba[:, :, :3].copy()), format="PNG"),
    "rgba.png": saved(Image.fromarray(rgba), format="PNG"),
    "gray-alpha.png": saved(Image.fromarray(rgba[:, :, 2:].copy(), "LA"), format="PNG"),
    "palette.png": saved(p, format="PNG"),
    "palette-alpha.png": saved(p, format="PNG", transparency=bytes([0, 80, 255])),
    "bits-1.png": saved(Image.fromarray(rgba[:, :, 0].copy()).convert("1"), format="PNG"),
    "gray-16.png": png16(wide[:, :, :1], 0),
    "rgb-16.png": png16(wide, 2),
    "gray.jpg": saved(smooth.convert("L"), format="JPEG", quality=95),
    "rgb.jpg": saved(smooth, format="JPEG", quality=95, subsampling=0),
    "progressive.jpg": saved(smooth, format="JPEG", quality=95, subsampling=0, progressive=True),
    "cmyk.jpg": saved(smooth.convert("CMYK"), format="JPEG", quality=95, subsampling=0),
}
for name, b in files.items():
    tensors["file." + name] = np.frombuffer(b, np.uint8).copy()
    tensors["rgb." + name] = array(Image.open(io.BytesIO(b)).convert("RGB"))
# PIL makes 16-bit grey white above level 255; the upper byte is meant, as PIL itself takes in colour.
tensors["rgb.gray-16.png"] = np.repeat(wide[:, :, :1] >> 8, 3, 2).astype(np.uint8)


# Whole domains as hashes: every colour through PIL's conversions, every pair of levels through its blend.
def sha(x):
    return hashlib.sha256(np.ascontiguousarray(x).tobytes()).hexdigest()


n = np.arange(1 << 24, dtype=np.uint32).reshape(4096, 4096)
cube = np.stack([(n >> 16).astype(np.uint8), (n >> 8).astype(np.uint8), n.astype(np.uint8)], -1)
a = Image.fromarray((np.arange(65536) >> 8).astype(np.uint8).reshape(256, 256))
b = Image.fromarray(np.arange(65536).astype(np.uint8).reshape(256, 256))
hashes = {
    "luma": sha(np.asarray(Image.fromarray(cube).convert("L"))),
    "rgb-to-hsv": sha(np.asarray(Image.fromarray(cube).convert("HSV"))),
    "hsv-to-rgb": sha(np.asarray(Image.fromarray(cube, "HSV").convert("RGB"))),
    "blend": sha(np.stack([np.asarray(Image.blend(a, b, f32(v))) for v in np.arange(0, 2.05, 0.05)])),
}

# What was added later, so that the cases above keep their places.
rng = np.random.default_rng(21)
for name in ("random", "natural", "natural-gray", "pixel"):
    h, w = pictures[name].shape[:2]
    for oh, ow in ((8, 8), (31, 20), (h, w)):
        go = lambda i: i.resize((ow, oh), Image.Resampling.LANCZOS)
        case("crop_resize", name, go, rect=[0, 0, h, w], size=[oh, ow], interpolation="lanczos")
for name in ("random", "random-gray", "row", "pixel"):
    for y, x, h, w in ((0, 0, 5, 7), (-3, -2, 9, 6), (4, 5, 20, 20), (-9, -9, 4, 4), (2, -40, 3, 3), (-1, 3, 40, 1)):
        case("window", name, lambda i: i.crop((x, y, x + w, y + h)), corner=[y, x], size=[h, w])
modes = {"nearest": Mode.NEAREST, "bilinear": Mode.BILINEAR, "bicubic": Mode.BICUBIC}
for name in ("random", "natural", "natural-gray", "square", "row", "pixel"):
    for f, mode in modes.items():
        for v in map(f32, (0, 90, 180, -90, 30, -12.5, 137.25, 359.9)):
            if name in ("random", "square") or v in map(f32, (30, -12.5)):
                case("rotate", name, lambda i: F.rotate(i, v, interpolation=mode), interpolation=f, factor=v)
        for a in ((0, 0, 0, 1, 0, 0), (20, 3, -2, 1.2, 5, -8), (0, 4, 0, 1, 0, 0), (0, 0, -5, 1, 0, 0), (0, 0, 0, 1, 16.5, 0), (0, 0, 0, 1, 0, -16.5), (0, 0, 0, 0.7, 0, 0), (-160, 1.5, 2.5, 0.4, 30, 30)):
            angle, tx, ty, scale, sx, sy = map(f32, a)
            for center in (None, [0.0, 0.0]):
                if name in ("random", "natural-gray") or center is None:
                    case("affine", name, lambda i: F.affine(i, angle, [tx, ty], scale, [sx, sy], interpolation=mode, center=center),
                         interpolation=f, factors=[angle, tx, ty, scale, sx, sy], center=center or [])
for name in WHOLE:
    case("autocontrast", name, F.autocontrast, F.autocontrast)
    case("invert", name, F.invert, F.invert)
    for v in map(f32, (0, 0.4, 1, 1.9)):
        # the tensor form rounds its mean of nine elsewhere; edges narrower than three pixels it leaves as they are
        case("sharpness", name, lambda i: F.adjust_sharpness(i, v), (lambda t: F.adjust_sharpness(t, v)) if min(pictures[name].shape[:2]) > 2 else None, factor=v)

# Numbers: per-picture statistics by torch, CIE Lab and soft encoding by their formulas in numpy.
for name in ("random", "natural", "natural-gray", "flat"):
    x = torch.from_numpy(pictures[name]).to(torch.float32) / 255
    for per, dims in ((0, (0, 1, 2)), (1, (0, 1))):
        for ddof in (0, 1):
            y = (x - x.mean(dims, keepdim=True)) / torch.sqrt(x.var(dims, keepdim=True, correction=ddof) + 1e-6)
            if name != "flat":
                cases.append({"op": "standardize", "picture": name, "args": {"channels": per, "ddof": ddof, "epsilon": 1e-6}, "float": keep(y.numpy())})


def rgb2lab(x):
    v = x.astype(np.float64) / 255
    v = np.where(v > 0.04045, ((v + 0.055) / 1.055) ** 2.4, v / 12.92)
    xyz = v @ np.array([[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]]).T / (0.95047, 1, 1.08883)
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], -1)


# Zhang's grid of ten, coarsened to twenty, and his nearest neighbours with weights of sigma 5.
bins = np.array([(a, b) for a in range(-100, 101, 20) for b in range(-100, 101, 20)], np.float32)
tensors["bins"] = bins
for name in ("random", "natural", "pixel", "flat"):
    lab = rgb2lab(pictures[name]).astype(np.float32)
    cases.append({"op": "lab", "picture": name, "args": {"scale": 100}, "float": keep(lab)})
    for k in (1, 10):
        d = ((lab[:, :, None, 1:].astype(np.float64) - bins) ** 2).sum(-1)
        order = np.argsort(d, -1, kind="stable")[..., :k]
        w = np.exp(-np.take_along_axis(d, order, -1) / (2 * 5.0**2))
        w /= w.sum(-1, keepdims=True)
        cases.append({"op": "soft_quantize", "picture": name, "args": {"k": k, "sigma": 5}, "index": keep(order.astype(np.int32)), "float": keep(w.astype(np.float32))})

for name, x in pictures.items():
    tensors["picture." + name] = x
save_file(tensors, "fixtures.safetensors")
versions = {"torch": torch.__version__.split("+")[0], "torchvision": torchvision.__version__.split("+")[0], "Pillow": PIL.__version__}
with open("cases.json", "w") as f:
    f.write('{\n"versions": ' + json.dumps(versions) + ',\n"sha256": ' + json.dumps(hashes, indent=1) + ',\n"files": ' + json.dumps(list(files)))
    f.write(',\n"cases": [\n' + ",\n".join(json.dumps(c) for c in cases) + "\n]}\n")
print(len(cases), "cases,", sum(x.nbytes for x in tensors.values()), "bytes")
