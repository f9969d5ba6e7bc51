"""CodeBuild: projects and report groups, what builds may do, what they give away, and how their results are kept."""
