// Asks the Python service; its answers take a while.

const SERVICE = process.env.TIDEWATER_URL ?? "http://127.0.0.1:8000";

async function ask(path) {
  const response = await fetch(SERVICE + path);
  return response.json();
}

export const queryStations = () => ask("/stations");
export const queryLevels = (id) => ask(`/stations/${encodeURIComponent(id)}/levels`);
