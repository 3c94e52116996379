import pytest

from src.models.kernels.attention_arguments import INERT, UnknownArgumentError, refuse_unknown


@pytest.mark.parametrize("arguments", [{}, {"softcap": None, "is_causal": True}, dict.fromkeys(INERT, 1)])
def test_what_changes_nothing_passes(arguments):
    refuse_unknown(arguments)


@pytest.mark.parametrize(
    "arguments", [{"softcap": 30.0}, {"s_aux": [0.0]}, {"output_attentions": False, "sinks": 1}]
)
def test_what_would_have_to_be_understood_is_named(arguments):
    name = next(name for name in arguments if name != "output_attentions")
    with pytest.raises(UnknownArgumentError, match=name):
        refuse_unknown(arguments)


def test_attention_that_is_not_causal_is_refused():
    with pytest.raises(UnknownArgumentError, match="is_causal"):
        refuse_unknown({"is_causal": False})
