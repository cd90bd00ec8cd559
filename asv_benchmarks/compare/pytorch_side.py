"""PyTorch's side: eager training, its fused optimisers and both memory layouts."""

import itertools
import warnings

import torch
from torch import nn

from .task import calling, channels_first, training, weights_of

VERSION = torch.__version__
ACTIVATIONS = {
    "relu": nn.ReLU,
    "tanh": nn.Tanh,
    "sigmoid": nn.Sigmoid,
    "gelu": nn.GELU,
    "elu": nn.ELU,
    "silu": nn.SiLU,
    "softmax": lambda: nn.Softmax(dim=1),
}
# Whichever is faster differs from network to network.
LAYOUTS = {"": torch.contiguous_format, "channels_last": torch.channels_last}


def start(threads):
    """Use this many threads from now on."""
    torch.set_num_threads(threads)


def prepare(workload, data, threads):
    """The variants of a workload: a dict of `Task` by name."""
    return TASKS[workload.kind](workload, data)


def name_of(*parts):
    return ", ".join(part for part in parts if part)


def layouts(network):
    return LAYOUTS if len(network.input_shape) == 3 else {"": torch.contiguous_format}


def images(x, layout):
    """Inputs with channels first, in one of the two layouts."""
    x = torch.from_numpy(x)
    return x.permute(0, 3, 1, 2).contiguous(memory_format=layout) if x.ndim == 4 else x


def make_model(network, data, layout, read_out):
    """The network with its first weights, with or without the activation of the last layer."""
    modules = []
    for layer, weights in channels_first(network, weights_of(data)):
        match layer:
            case ("dense", units, _):
                modules.append(nn.Linear(weights[0].shape[1], units))
            case ("conv", filters, size, padding, _):
                channels = weights[0].shape[1]
                modules.append(nn.Conv2d(channels, filters, size, padding=padding))
            case ("depthwise", size, padding, _):
                channels = len(weights[0])
                modules.append(
                    nn.Conv2d(channels, channels, size, padding=padding, groups=channels)
                )
            case ("max_pool", size):
                modules.append(nn.MaxPool2d(size))
            case ("average_pool", size):
                modules.append(nn.AvgPool2d(size))
            case ("layer_norm",):
                modules.append(nn.LayerNorm(len(weights[0]), eps=0.001))
            case ("dropout", rate):
                modules.append(nn.Dropout(rate))
            case ("batch_norm",):
                modules.append(nn.BatchNorm2d(len(weights[0]), eps=0.001, momentum=0.01))
            case ("global_average_pool",):
                modules += [nn.AdaptiveAvgPool2d(1), nn.Flatten()]
            case ("flatten",):
                modules.append(nn.Flatten())
        if weights:
            modules[-1].to(torch.from_numpy(weights[0]).dtype)
            own = modules[-1].state_dict()
            for key, weight in zip(own, weights, strict=False):  # not num_batches_tracked
                own[key].copy_(torch.from_numpy(weight))
        if layer[0] in ("dense", "conv", "depthwise", "activation") and layer[-1] != "linear":
            modules.append(ACTIVATIONS[layer[-1]]())
    model = nn.Sequential(*modules if read_out else modules[:-1])
    return model.to(memory_format=layout) if len(network.input_shape) == 3 else model


def make_optimizer(workload, parameters, **variant):
    rate = workload.learning_rate
    match workload.optimizer:
        case "SGD":
            return torch.optim.SGD(parameters, rate, **variant)
        case "RMSprop":
            return torch.optim.RMSprop(parameters, rate, alpha=0.9, eps=1e-7, **variant)
        case "Adam":
            return torch.optim.Adam(parameters, rate, eps=1e-7, **variant)


def trainer(workload, data, layout, variant):
    model = make_model(workload.network, data, layout, read_out=False)
    optimizer = make_optimizer(workload, model.parameters(), **variant)
    x, y = images(data["x"], layout), torch.from_numpy(data["y"])
    if workload.network.read_out == "sigmoid":
        loss_function = nn.BCEWithLogitsLoss()
    else:
        loss_function, y = nn.CrossEntropyLoss(), y.argmax(dim=1)

    def fit(epochs):
        for _ in range(epochs):
            total = torch.zeros(())
            # The rows of a whole epoch at once: for small networks faster than batch by batch.
            rows = torch.randperm(len(x))
            for x_batch, y_batch in zip(
                x[rows].split(workload.batch_size), y[rows].split(workload.batch_size), strict=True
            ):
                optimizer.zero_grad()
                loss = loss_function(model(x_batch), y_batch)
                loss.backward()
                optimizer.step()
                total += loss.detach()
        return total.item() / workload.steps

    return training(workload, fit)


def train(workload, data):
    # RMSprop is the one of the three without a fused form.
    fast = "foreach" if workload.optimizer == "RMSprop" else "fused"
    return {
        name_of(optimizer, layout): trainer(workload, data, value, variant)
        for optimizer, variant in (("stock", {}), (fast, {fast: True}))
        for layout, value in layouts(workload.network).items()
    }


def predictor(model, x, batch_size):
    def predict():
        with torch.inference_mode():
            batches = x().split(batch_size)
            return torch.cat([model(batch) for batch in batches]).numpy()

    return calling(predict)


def predict(workload, data):
    tasks = {}
    for layout, value in layouts(workload.network).items():
        model = make_model(workload.network, data, value, read_out=True).eval()
        example = images(data["x"][:256], value)
        with warnings.catch_warnings():
            # Deprecated, but at present the fastest that needs no C++ compiler.
            warnings.simplefilter("ignore", DeprecationWarning)
            traced = torch.jit.optimize_for_inference(torch.jit.trace(model, example))
        for (kind, how), batch_size in itertools.product(
            (("eager", model), ("traced", traced)), (256, 1024) if workload.rows > 1 else (1,)
        ):
            size = f"batches of {batch_size}" if workload.rows > 1 else ""
            tasks[name_of(kind, layout, size)] = predictor(
                how, lambda value=value: images(data["x"], value), batch_size
            )
    return tasks


def convolution(data, layout):
    arrays = (images(data["x"], layout), images(data["dout"], layout))
    kernel = torch.from_numpy(data["kernel"]).permute(3, 2, 0, 1).contiguous(memory_format=layout)
    return *arrays, kernel, torch.from_numpy(data["bias"])


def conv_forward(workload, data):
    tasks = {}
    for layout, value in LAYOUTS.items():
        x, _, kernel, bias = convolution(data, value)
        tasks[layout or "stock"] = calling(
            lambda args=(x, kernel, bias): nn.functional.conv2d(*args, padding=1)
        )
    return tasks


def conv_backward(workload, data):
    tasks = {}
    for layout, value in LAYOUTS.items():
        x, dout, kernel, bias = convolution(data, value)

        # What autograd calls: bias size, stride, padding, dilation, whether transposed, output
        # padding, groups, and which of the three gradients are wanted.
        how = ([len(bias)], (1, 1), (1, 1), (1, 1), False, (0, 0), 1, (True, True, True))

        def backward(arrays=(dout, x, kernel), how=how):
            return torch.ops.aten.convolution_backward(*arrays, *how)

        gradients = [lambda returned, i=i: returned[i] for i in range(3)]
        tasks[layout or "stock"] = calling(backward, *gradients)
    return tasks


def window(workload, data):
    image, kernel = (torch.from_numpy(data[name])[None, None] for name in ("image", "kernel"))
    return {"conv2d": calling(lambda: nn.functional.conv2d(image, kernel))}


def product(workload, data):
    a, b = torch.from_numpy(data["a"]), torch.from_numpy(data["b"])
    c = torch.empty(len(a), b.shape[1], dtype=a.dtype)
    return {"mm": calling(lambda: torch.mm(a, b, out=c))}


def op(workload, data):
    """An op on the rows of a matrix, or on images in both layouts."""
    x = data["x"]
    if x.ndim == 2:
        rows, width = torch.from_numpy(x), x.shape[1:]
        match workload.call[0]:
            case "softmax":
                return {"stock": calling(lambda: rows.softmax(dim=1))}
            case "layer_normalization":
                return {"stock": calling(lambda: nn.functional.layer_norm(rows, width, eps=1e-7))}
        function = ACTIVATIONS[workload.call[0]]()
        return {"stock": calling(lambda: function(rows))}
    tasks = {}
    for layout, value in LAYOUTS.items():
        kernel = ()
        if "kernel" in data:
            order = (2, 3, 0, 1) if workload.call[0] == "depthwise_conv" else (3, 2, 0, 1)
            kernel = (torch.from_numpy(data["kernel"].transpose(order)),)
            kernel = (kernel[0].contiguous(memory_format=value),)
        function = IMAGE_OPS[workload.call[0]]
        arguments = images(x, value), *kernel, *workload.call[1:]
        tasks[layout or "stock"] = calling(lambda f=function, each=arguments: f(*each))
    return tasks


IMAGE_OPS = {
    "conv": lambda x, kernel, *_: nn.functional.conv2d(x, kernel, padding="same"),
    "depthwise_conv": lambda x, kernel, *_: nn.functional.conv2d(
        x, kernel, padding="same", groups=x.shape[1]
    ),
    "max_pool": nn.functional.max_pool2d,
    "average_pool": nn.functional.avg_pool2d,
}


TASKS = {
    "train": train,
    "predict": predict,
    "conv forward": conv_forward,
    "conv backward": conv_backward,
    "window": window,
    "product": product,
    "op": op,
}
