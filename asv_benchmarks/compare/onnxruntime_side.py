"""onnxruntime's side: prediction by a network that was exported to ONNX."""

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from .task import calling, channels_first, weights_of

VERSION = onnxruntime.__version__
OPERATORS = {
    "relu": "Relu",
    "tanh": "Tanh",
    "sigmoid": "Sigmoid",
    "elu": "Elu",
    "softmax": "Softmax",
}
WITH_ACTIVATION = {"dense", "conv", "depthwise"}
LAYERS = WITH_ACTIVATION | {"max_pool", "average_pool", "flatten", "dropout"}


def start(threads):
    """Nothing to do: a session is told its threads."""


def make_model(network, data):
    """The network as ONNX, images with channels first."""
    nodes, constants, name = [], [], "x"

    def add(operator, inputs=(), **attributes):
        nonlocal name
        output = f"{operator}{len(nodes)}"
        nodes.append(helper.make_node(operator, [name, *inputs], [output], **attributes))
        name = output

    for layer, weights in channels_first(network, weights_of(data)):
        names = [f"weight{len(constants) + i}" for i in range(len(weights))]
        constants += map(numpy_helper.from_array, weights, names)
        match layer:
            case ("dense", *_):
                add("Gemm", names, transB=1)
            case ("conv", _, size, padding, _):
                border = size // 2 if padding == "same" else 0
                add("Conv", names, kernel_shape=[size, size], pads=[border] * 4)
            case ("depthwise", size, padding, _):
                border = size // 2 if padding == "same" else 0
                group = len(weights[0])
                add("Conv", names, kernel_shape=[size, size], pads=[border] * 4, group=group)
            case ("average_pool", size):
                add("AveragePool", kernel_shape=[size, size], strides=[size, size])
            case ("max_pool", size):
                add("MaxPool", kernel_shape=[size, size], strides=[size, size])
            case ("flatten",):
                add("Flatten")
        if layer[0] in WITH_ACTIVATION:
            add(OPERATORS[layer[-1]])
    height, width, channels = (*network.input_shape, None, None)[:3]
    shape = ["n", channels, height, width] if channels else ["n", height]
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", network.layers[-1][1]])],
        constants,
    )
    opset = [helper.make_opsetid("", 17)]
    return helper.make_model(graph, opset_imports=opset, ir_version=10)


def prepare(workload, data, threads):
    """The variants of a workload: a dict of `Task` by name."""
    activations = {layer[-1] for layer in workload.network.layers if layer[0] in WITH_ACTIVATION}
    kinds = {layer[0] for layer in workload.network.layers}
    if not (kinds <= LAYERS and activations <= set(OPERATORS) and workload.dtype == "float32"):
        raise NotImplementedError("not written for these layers, or for float64")
    model = make_model(workload.network, data)
    onnx.checker.check_model(model)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    x = data["x"]
    if x.ndim == 4:
        x = np.ascontiguousarray(x.transpose(0, 3, 1, 2))
    tasks = {}
    for size in (256, 1024) if workload.rows > 1 else (1,):

        def predict(size=size):
            parts = [
                session.run(None, {"x": x[at : at + size]})[0] for at in range(0, len(x), size)
            ]
            return np.concatenate(parts)

        tasks[f"batches of {size}" if workload.rows > 1 else "run"] = calling(predict)
    return tasks
