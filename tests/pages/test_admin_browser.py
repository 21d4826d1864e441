"""The admin in a real browser: the summary fills itself, the map works inside the form."""

from __future__ import annotations

import pytest
from django.test import Client

from tests.pages.conftest import BLUE, GREEN, RED, YELLOW
from tests.pages.test_map import ITALY, PLACES, near

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.urls('tests.pages.urls'),
]


@pytest.fixture
def admin_window(visit, admin_user, live_server):
    client = Client()
    client.force_login(admin_user)
    window = visit(width=1100, height=1200)
    cookie = {'name': 'sessionid', 'value': client.cookies['sessionid'].value}
    window.page.context.add_cookies([{**cookie, 'url': live_server.url}])
    return window


def test_the_form_has_facts_a_picture_and_a_map(admin_window, quarters):
    instance = quarters(**ITALY)
    page = admin_window.open(f'/admin/testapp/imagefile/{instance.pk}/change/')
    admin_window.settle()
    near(admin_window.at(*PLACES), [RED, GREEN, BLUE, YELLOW])
    assert page.locator('dd[data-fact=size]').inner_text() == '256 \u00d7 256 px'
    assert page.locator('dd[data-fact=bands]').inner_text().startswith('3')
    assert page.locator('dd[data-fact=projection]').inner_text() == 'EPSG:4326'
    picture = page.locator('.li-summary .li-thumbnail')
    assert picture.evaluate('image => image.naturalWidth') > 100
    assert not page.locator('[data-li=problem]').is_visible()


def test_the_controls_do_not_submit_the_form(admin_window, quarters):
    page = admin_window.open(f'/admin/testapp/imagefile/{quarters(**ITALY).pk}/change/')
    page.locator('[data-li=toggle]').click()
    page.locator('[data-li=mode]').select_option('1')
    # The histogram of the band sets the range when it comes.
    admin_window.settle()
    page.wait_for_load_state('networkidle')
    page.locator('[data-li=min]').fill('10')
    page.locator('[data-li=min]').press('Enter')
    admin_window.settle()
    assert page.url.endswith('/change/')
    assert 'min=10' in page.evaluate("document.querySelector('.li-viewer').largeImage.viewer.url")


def test_the_panel_holds_its_controls(admin_window, quarters):
    """The admin's own styles of labels and inputs do not make them wider than the panel."""
    page = admin_window.open(f'/admin/testapp/imagefile/{quarters(**ITALY).pk}/change/')
    page.locator('[data-li=toggle]').click()
    body = page.locator('[data-li=body]')
    assert body.evaluate('element => element.scrollWidth <= element.clientWidth')


def test_a_broken_file_says_what_is_wrong(admin_window, image_file, text_file):
    instance = image_file(text_file)
    page = admin_window.page
    page.goto(f'{admin_window.base}/admin/testapp/imagefile/{instance.pk}/change/')
    problem = page.locator('[data-li=problem]:not([hidden])')
    problem.wait_for()
    assert 'unreadable' in problem.inner_text().lower()
    assert not page.locator('.li-summary .li-thumbnail').is_visible()
    assert page.locator('input[type=file]').is_visible()


def test_the_list_shows_pictures(admin_window, quarters):
    quarters()
    page = admin_window.page
    page.goto(f'{admin_window.base}/admin/testapp/imagefile/')
    picture = page.locator('.li-column .li-thumbnail')
    page.wait_for_function("() => document.querySelector('.li-thumbnail').naturalWidth > 0")
    assert picture.bounding_box()['width'] <= 96


def test_the_viewer_page_of_the_admin(admin_window, quarters):
    admin_window.open(f'/admin/testapp/imagefile/{quarters(**ITALY).pk}/large-image/')
    admin_window.settle()
    near(admin_window.at(*PLACES), [RED, GREEN, BLUE, YELLOW])
