import { within } from '@app/rabbitmq/within';
import {
  GenericContainer,
  getContainerRuntimeClient,
  ImageName,
  type StartedTestContainer,
} from 'testcontainers';
import { run } from './command.ts';
import type { ProvidedRabbitMq, Say } from './provided-rabbitmq.ts';
import { untilAnswers } from './until-answers.ts';

const image = 'rabbitmq:4-management';
const amqpPort = 5672;
const pullTimeoutMs = 300_000;
const startTimeoutMs = 90_000;
/** With the reaper's image, which may have to be pulled. */
const launchTimeoutMs = startTimeoutMs + 60_000;

/** Starts RabbitMQ in a container, on a free port. */
export async function startContainer(say: Say): Promise<ProvidedRabbitMq> {
  await dockerAnswers();
  await fetchImage(say);
  const container = await launched(say);
  try {
    const url = `amqp://guest:guest@${container.getHost()}:${container.getMappedPort(amqpPort)}`;
    const version = await untilAnswers(url, startTimeoutMs, () => undefined);
    return {
      url,
      how: `RabbitMQ ${version} from ${image}`,
      control: { kind: 'container', id: container.getId() },
      stop: () => remove(container),
    };
  } catch (error) {
    await remove(container);
    throw error;
  }
}

/**
 * testcontainers looks for a Docker at the usual places even if DOCKER_HOST names another. Where the `docker` command
 * exists, its word counts; where it does not, testcontainers' does.
 */
async function dockerAnswers(): Promise<void> {
  try {
    await run('docker', ['version', '--format', '{{.Server.Version}}'], { timeoutMs: 15_000 });
  } catch (error) {
    if (error instanceof Error && !error.message.includes('No such file')) throw error;
    await getContainerRuntimeClient();
  }
}

async function fetchImage(say: Say): Promise<void> {
  const client = await getContainerRuntimeClient();
  const name = ImageName.fromString(image);
  if (await client.image.exists(name)) return;
  say(`pulling ${image}, which may take some minutes`);
  try {
    await within(pullTimeoutMs, `pulling ${image}`, client.image.pull(name));
  } catch (error) {
    say(`Docker answers, but ${image} is neither here nor can it be pulled`);
    throw error;
  }
}

/** Without testcontainers' reaper, which has an image of its own, only a crash of the tests would leave the container behind. */
async function launched(say: Say): Promise<StartedTestContainer> {
  const container = () =>
    new GenericContainer(image).withExposedPorts(amqpPort).withStartupTimeout(startTimeoutMs);
  try {
    return await within(launchTimeoutMs, `starting ${image}`, container().start());
  } catch (error) {
    say(
      `starting ${image} without testcontainers' reaper (${error instanceof Error ? error.message : error})`,
    );
    return await within(launchTimeoutMs, `starting ${image}`, container().withAutoCleanup(false).start());
  }
}

async function remove(container: StartedTestContainer): Promise<void> {
  await container.stop({ timeout: 0, remove: true, removeVolumes: true });
}
