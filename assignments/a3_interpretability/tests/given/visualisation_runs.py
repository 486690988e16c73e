"""Calls visualize_class with a generator of its own, and brings back plain numbers."""

import torch


def run(function, network, seed, global_seed=None, **options):
    """What the function returns.

    Args:
        function: visualize_class.
        network: a handle of `feature_networks`.
        seed: of the generator that the function gets.
        global_seed: of torch's global generator; None leaves it alone.
        options: the other arguments, by their names.
    """
    if global_seed is not None:
        torch.manual_seed(global_seed)
    return function(network, generator=torch.Generator().manual_seed(seed), **options)


def moves_the_global_generator(function, network, seed, **options):
    """Whether torch's global generator is another one after the call."""
    before = torch.get_rng_state().tolist()
    run(function, network, seed, **options)
    return before != torch.get_rng_state().tolist()
