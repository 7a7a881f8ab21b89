// What all boards of a broker see, a line for each event, until Ctrl-C:
//   node examples/node.mjs mqtt://192.168.1.10 person
// On a machine without the daemon: 'minspnet-client', the same without native parts.
import { connect } from 'minspnet/client';

const [url = 'mqtt://127.0.0.1:1883', className] = process.argv.slice(2);
const client = await connect(url);
process.once('SIGINT', () => client.close());

// A board that is there is asked which model it runs.
client.on('status', async ({ node, status }) => {
  console.log(`${node} is ${status}`);
  if (status === 'offline') return;
  try {
    const { models } = await client.request(node, 'models');
    const running = models.find((model) => model.running);
    console.log(`${node} runs ${running?.name} ${running?.version}`);
  } catch (error) {
    console.error(`${node}: ${error.message}`); // it refused, or did not answer
  }
});
client.on('away', ({ message }) => console.error(message)); // it comes back by itself

for await (const event of client.events({ class: className })) {
  const from = `${event.node}/${event.camera}`;
  if (event.type === 'gap') console.log(`${from}: ${event.from} to ${event.to} will not come (${event.reason})`);
  else console.log(`${from}: ${event.seq} ${event.type} ${event.class} ${Math.round(event.score * 100)} %`);
}
