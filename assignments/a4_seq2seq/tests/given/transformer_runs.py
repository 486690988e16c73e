"""Fills layers with the grader's numbers, runs them, and trains a tiny Transformer."""

import torch


def fill(module, values):
    """Sets all parameters, in double precision.

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


def run(module, *arguments, training=False):
    """What the module returns, and its arguments after the call.

    Args:
        module: of the student's.
        arguments: arrays or None.
        training: the mode to run in.
    """
    held = [None if array is None else torch.from_numpy(array.copy()) for array in arguments]
    result = module.train(training)(*held)
    module.eval()
    return {"result": result, "arguments": held}


def gradients(module, source, target, factors):
    """Gradients of sum(factors * scores) by every parameter, by name.

    Args:
        module: a Transformer.
        source: array (N, S).
        target: array (N, T).
        factors: array of the scores' shape.
    """
    module.zero_grad()
    (module(torch.from_numpy(source), torch.from_numpy(target)) * torch.from_numpy(factors)).sum().backward()
    return {name: parameter.grad for name, parameter in module.named_parameters()}


def learn(transformer, names, length, steps):
    """Trains a tiny Transformer to tell rows of words backwards, renamed, and lets it tell 100 new ones.

    All initial values are set here: Adam gets the same start whatever a constructor draws.

    Args:
        transformer: the class.
        names: array, for each word of the vocabulary the word that stands for it in targets; word 0
            is padding and word 1 starts each target, and these two keep their names.
        length: words in a row.
        steps: updates, each on 64 new rows.

    Returns:
        The share of right words, each told after the model's own words before it.
    """
    torch.manual_seed(0)
    names, words = torch.from_numpy(names), len(names)
    model = transformer(words, words, 32, 4, 1, 64, 0.0, 0)
    for name, parameter in model.named_parameters():
        if parameter.dim() == 2:
            torch.nn.init.normal_(parameter, std=parameter.shape[1] ** -0.5)
        elif name.endswith("bias"):
            torch.nn.init.zeros_(parameter)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2, fused=True)
    for step in range(steps):
        optimizer.param_groups[0]["lr"] = 1e-2 * (1 - step / steps)
        source = torch.randint(2, words, (64, length))
        target = torch.cat([torch.ones(64, 1, dtype=torch.int64), names[source.flip(1)]], dim=1)
        scores = model(source, target[:, :-1])
        loss = torch.nn.functional.cross_entropy(scores.flatten(0, 1), target[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    model.eval()
    source, told = torch.randint(2, words, (100, length)), torch.ones(100, 1, dtype=torch.int64)
    with torch.no_grad():
        for _ in range(length):
            told = torch.cat([told, model(source, told)[:, -1:].argmax(dim=2)], dim=1)
    return float((told[:, 1:] == names[source.flip(1)]).double().mean())
