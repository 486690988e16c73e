"""Fills encoders and decoders with the grader's numbers, runs them, and brings back plain values."""

import torch


def fill(module, values):
    """Sets parameters, in double precision.

    Args:
        module: of the student's.
        values: arrays by the parameters' names.
    """
    module.double().eval()
    for name, value in values.items():
        parameter = module.get_parameter(name)
        if parameter.shape != value.shape:
            raise ValueError(f"{name} is {tuple(parameter.shape)}, and should be {value.shape}")
        parameter.data = torch.from_numpy(value.copy())


def shapes(module):
    """The shape of each parameter, by name."""
    return {name: list(parameter.shape) for name, parameter in module.named_parameters()}


def run(module, *arguments, training=False, seed=None, **options):
    """What the module returns, and its arguments after the call.

    Args:
        module: of the student's.
        arguments: of its forward; arrays become tensors, also in tuples.
        training: the mode to run in.
        seed: of torch's global generator; None leaves it alone.
        options: other arguments of its forward, as they are.
    """
    held = tuple(_tensors(argument) for argument in arguments)
    if seed is not None:
        torch.manual_seed(seed)
    result = module.train(training)(*held, **options)
    module.eval()
    return {"result": result, "arguments": held}


def sample(module, source, target, teacher_forcing, seed):
    """What Seq2Seq returns with a generator of its own, and whether the global one has moved.

    Args:
        module: a Seq2Seq.
        source: array (N, S).
        target: array (N, T).
        teacher_forcing: a probability.
        seed: of the generator that it gets.
    """
    before = torch.get_rng_state().tolist()
    generator = torch.Generator().manual_seed(seed)
    result = module(_tensors(source), _tensors(target), teacher_forcing, generator)
    return {"result": result, "global generator moved": before != torch.get_rng_state().tolist()}


def gradients(module, source, target, factors):
    """Gradients of sum(factors * log-probabilities) by every parameter, by name.

    Args:
        module: a Seq2Seq.
        source: array (N, S).
        target: array (N, T).
        factors: array of the result's shape.
    """
    module.zero_grad()
    (module(_tensors(source), _tensors(target)) * torch.from_numpy(factors)).sum().backward()
    return {name: parameter.grad for name, parameter in module.named_parameters()}


def _tensors(value):
    if isinstance(value, (tuple, list)):
        return tuple(_tensors(part) for part in value)
    return torch.from_numpy(value.copy()) if hasattr(value, "dtype") else value
