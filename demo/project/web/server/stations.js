import { Router } from "express";
import { queryLevels, queryStations } from "./db.js";

export const stations = Router();

stations.get("/stations", async (request, response) => {
  response.json(await queryStations());
});

stations.get("/stations/:id/levels", async (request, response) => {
  const levels = await queryLevels(request.params.id);
  response.json(levels);
});

export default stations;