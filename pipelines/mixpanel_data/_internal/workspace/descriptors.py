"""Descriptors: methods forwarded to another object, and a cached property with a lock."""

from collections.abc import Callable
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, overload

S = TypeVar("S")
P = ParamSpec("P")
R = TypeVar("R")


class ForwardedMethod(Generic[S, P, R]):
    """Forwards to ``method`` of the object in the attribute ``to``, with its signature and
    docstring.

    It adds no stack frame, so a warning of the method points at the caller.
    """

    def __init__(self, to: str, method: Callable[Concatenate[S, P], R]) -> None:
        self._to = to
        self._method = method
        self.__doc__ = method.__doc__

    @overload
    def __get__(self, instance: None, owner: type) -> Callable[Concatenate[S, P], R]: ...
    @overload
    def __get__(self, instance: Any, owner: type) -> Callable[P, R]: ...
    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is None:
            return self._method  # help() and the reference page read its signature and docstring
        return getattr(getattr(instance, self._to), self._method.__name__)


T = TypeVar("T")


class locked_cached_property(Generic[T]):  # noqa: N801  (a decorator, as property is)
    """A property that is computed once, on first use. The object has a reentrant ``lock``."""

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make = make
        self.__doc__ = make.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type) -> T: ...
    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is None:
            return self
        # functools.cached_property has no lock since Python 3.12, and two threads would open two
        # databases or clients.
        with instance.lock:
            if self._name not in instance.__dict__:
                instance.__dict__[self._name] = self._make(instance)
        return instance.__dict__[self._name]
