"""docker-compose.yml and the Dockerfile name only what exists; no engine runs here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / 'docker-compose.yml').read_text(encoding='utf-8'))
SERVICES = COMPOSE['services']
ONE_SHOT = {'minio-bucket'}
KEYS = {
    'build', 'command', 'depends_on', 'entrypoint', 'environment', 'healthcheck', 'image', 'ports',
    'volumes',
}  # fmt: skip
CONDITIONS = {'service_started', 'service_healthy', 'service_completed_successfully'}


def test_the_services_of_a_deployment_are_there():
    assert set(COMPOSE) == {'services', 'volumes'}
    assert {'web', 'postgis', 'redis', 'minio'} <= set(SERVICES)


@pytest.mark.parametrize(('name', 'service'), SERVICES.items())
def test_a_service_is_well_formed(name, service):
    assert set(service) <= KEYS
    assert ('build' in service) != ('image' in service)
    if 'image' in service:
        assert re.fullmatch(r'[\w./-]+:[\w.-]+', service['image']), 'an image without a tag drifts'
    for port in service.get('ports', []):
        assert re.fullmatch(r'127\.0\.0\.1:(\d+|\$\{PORT:-\d+\}):\d+', port)
    for volume in service.get('volumes', []):
        source, target = volume.split(':')
        assert source in COMPOSE['volumes']
        assert target.startswith('/')
    for other, how in service.get('depends_on', {}).items():
        assert how['condition'] in CONDITIONS
        if how['condition'] == 'service_healthy':
            assert 'healthcheck' in SERVICES[other]
    assert all(isinstance(value, str) for value in service.get('environment', {}).values())


@pytest.mark.parametrize('name', sorted(set(SERVICES) - ONE_SHOT))
def test_a_service_says_when_it_is_healthy(name):
    check = SERVICES[name]['healthcheck']
    assert check['test'][0] in {'CMD', 'CMD-SHELL'}
    assert all(isinstance(word, str) for word in check['test'])
    assert all(re.fullmatch(r'\d+s', check[key]) for key in ('interval', 'timeout'))


def test_the_web_service_reaches_the_others_by_name():
    environment = SERVICES['web']['environment']
    hosts = re.findall(r'(?:@|//)([a-z]+):\d+', ' '.join(environment.values()))
    assert sorted(hosts) == ['minio', 'postgis', 'redis']
    assert set(hosts) <= set(SERVICES)


def test_every_variable_of_the_web_service_is_read():
    settings = ''.join(
        path.read_text(encoding='utf-8')
        for path in (ROOT / 'example_project' / 'example_project').glob('*.py')
    )
    ours = [name for name in SERVICES['web']['environment'] if not name.startswith('AWS_')]
    assert [name for name in ours if f"'{name}'" not in settings] == []


def test_the_dockerfile_copies_and_runs_what_exists():
    lines = (ROOT / 'Dockerfile').read_text(encoding='utf-8').splitlines()
    copied = [word for line in lines if line.startswith('COPY ') for word in line.split()[1:-1]]
    named = [word for line in lines for word in re.findall(r'scripts/\w+\.sh', line)]
    assert len(copied) > 5
    assert [path for path in copied if not (ROOT / path).exists()] == []
    assert named
    assert [path for path in named if not (ROOT / path).stat().st_mode & 0o111] == []


def test_the_web_service_listens_where_compose_looks():
    dockerfile = (ROOT / 'Dockerfile').read_text(encoding='utf-8')
    assert 'HOST=0.0.0.0' in dockerfile
    assert 'PORT=8000' in dockerfile
    assert SERVICES['web']['ports'][0].endswith(':8000')
    assert SERVICES['web']['volumes'] == ['media:/data']
    assert 'DATA_DIR=/data' in dockerfile
