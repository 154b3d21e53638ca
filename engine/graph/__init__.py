"""What is believed of a student by way of the prerequisite graph: the belief that the recommender chooses by."""
