"""Who may change a material."""

from __future__ import annotations

import pytest

from portal import db
from portal.library.policy import can_change_material
from tests import factories
from tests.factories import Network


@pytest.mark.parametrize(
    ("who", "may"),
    [("member", True), ("convener", True), ("secretary", True), ("observer", False), ("outsider", False), ("admin", False)],
)  # fmt: skip
def test_the_owner_organisation_and_who_leads_the_group(network: Network, who: str, may: bool) -> None:
    made = factories.resource(network.group, network.member)
    assert can_change_material(getattr(network, who), made) is may


def test_another_organisations_member_changes_nothing(network: Network) -> None:
    made = factories.resource(network.group, network.convener)
    assert network.member.organisation_id != network.convener.organisation_id
    assert not can_change_material(network.member, made)


def test_an_archived_group_is_left_alone(network: Network) -> None:
    made = factories.resource(network.group, network.member)
    network.group.is_archived = True
    db.session.flush()
    assert not can_change_material(network.member, made)
    assert not can_change_material(network.convener, made)
